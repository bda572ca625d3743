"""Program of a user of the library, with the whole public API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath

import ska_sdp_config
from ska_sdp_config import (
    CommitUnknown,
    Config,
    ConfigCollision,
    ConfigConnectionError,
    ConfigVanished,
    Deployment,
    ExecutionBlock,
    ProcessingBlock,
    Script,
    TransactionTooLarge,
)
from ska_sdp_config.backend import depth_of_path
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.config import Transaction, TxnWrapper
from ska_sdp_config.entity import Dependency, Flow, Owner
from ska_sdp_config.entity.common import PVCPath
from ska_sdp_config.entity.flow import DataProduct, FlowSource, SharedMem
from ska_sdp_config.entity.states import PbStatus, ProcessingBlockState

SCRIPT = Script(key=Script.Key(kind="batch", name="imaging", version="1.0"), image="imaging:1.0")


class Model:
    """Transaction as a program may wrap it."""

    def __init__(self, txn: Transaction) -> None:
        self._txn = txn

    def increase(self, path: str) -> int:
        text = self._txn.get(path)
        if text is None:
            self._txn.create(path, "1")
            return 1
        self._txn.update(path, str(int(text) + 1))
        return int(text) + 1


def flow_of(pb_id: str) -> Flow:
    volume = PVCPath(
        k8s_namespaces=["sdp"],
        k8s_pvc_name="shared",
        pvc_mount_path=PurePosixPath("/mnt/data"),
        pvc_subpath=PurePosixPath("product"),
    )
    raw = Flow.Key(pb_id=pb_id, kind="shared-mem", name="raw")
    return Flow(
        key=Flow.Key(pb_id=pb_id, name="images"),
        sink=DataProduct(data_dir=volume, paths=[PurePosixPath("a.fits")]),
        sources=[FlowSource(uri=raw, parameters={"n": 1})],
        data_model="Image",
    )


def set_up(config: Config) -> str:
    """Create one entity of each kind."""
    pb_id = ""
    for txn in config.txn(max_retries=10, prefetch=["/pb/"], timeout=10.0):
        pb_id = txn.new_processing_block_id("user")
        pb = ProcessingBlock(pb_id, None, SCRIPT.key, {"length": 3.5})
        txn.script.create(SCRIPT)
        txn.processing_block.create(pb)
        txn.processing_block.state(pb).create({"status": "WAITING"})
        txn.execution_block.create(ExecutionBlock(key=txn.new_execution_block_id("user")))
        txn.deployment.create(Deployment("proc-user", "helm", {"chart": "c"}))
        flow = flow_of(pb_id)
        txn.flow.create(flow)
        txn.flow.create(
            Flow(
                key=Flow.Key(pb_id=pb_id, name="raw"),
                sink=SharedMem(impl="plasma"),
                data_model="Visibility",
            )
        )
        key = Dependency.Key(pb_id=pb_id, kind="copy", name="images", origin="archive")
        txn.dependency.create(Dependency(key=key))
        txn.controller.create({"state": "ON"})
        txn.subarray("01").create({"state": "OFF"})
        txn.arbitrary("/mine").create([1, {"two": 2}])
    return pb_id


def describe(config: Config, pb_id: str) -> list[str]:
    """Read one entity of each kind."""
    lines: list[str] = []
    for txn in config.txn():
        lines.clear()
        pb = txn.processing_block.get(pb_id)
        if pb is None:
            raise KeyError(pb_id)
        length: float = pb.parameters["length"]
        lines.append(f"{pb.key} runs {pb.script.name} for {length}")
        state = txn.get_processing_block_state(pb_id)
        lines.append(f"it is {state['status'] if state else 'gone'}")
        for key, flow in txn.flow.query_values(kind="data-product"):
            sink = flow.sink
            if isinstance(sink, DataProduct):
                lines.append(f"{key.name} of {flow.data_model} go to {sink.data_dir}")
        names: list[str] = txn.component.list_keys()
        owner: Owner | None = txn.processing_block(pb_id).ownership.get()
        scripts: list[tuple[str, str, str]] = txn.list_scripts(kind="batch")
        texts: dict[str, str | None] = txn.get_many(["/mine", "/yours"])
        keys: list[Script.Key] = txn.script.list_keys()
        lines.append(f"{names} {owner} {scripts} {len(texts)} {len(keys)} {txn.revision > 0}")
    return lines


def rejections(config: Config, pb_id: str) -> Iterator[str]:
    """Create what exists, and delete what does not."""
    for txn in config.txn():
        try:
            txn.processing_block.create(ProcessingBlock(pb_id, None, SCRIPT.key))
        except ConfigCollision as exc:
            yield exc.path
        try:
            txn.deployment.delete("proc-absent")
        except ConfigVanished as exc:
            yield exc.path


def follow(config: Config, pb_id: str) -> str:
    """Wait until the block has finished, and finish it meanwhile."""
    for watcher in config.watcher(timeout=60.0):
        watcher.set_wake_up_at(datetime.now(timezone.utc) + timedelta(seconds=30))
        for txn in watcher.txn():
            state = txn.processing_block.state(pb_id).get() or {}
            path: list[str] = txn.list_keys("/pb/", recurse=1)
        if state.get("status") == "FINISHED":
            return path[-1]
        for txn in config.txn():
            txn.processing_block.state(pb_id).patch(status="FINISHED", own={"a": 1})
    raise AssertionError("The loop does not end.")


def read_unknown_status(config: Config, pb_id: str) -> str:
    """Patch a state whose status a later release has written, and read it."""
    known: PbStatus = "READY"
    patch: ProcessingBlockState = {"resources_available": True, "reason": None}
    found = ""
    for txn in config.txn():
        operations = txn.processing_block.state(pb_id)
        operations.patch(status=known)
        operations.update({"status": "TOMORROWS"})
        operations.patch(**patch)
        state: ProcessingBlockState | None = operations.get()
        found = f"{state}"
    return found


def count(wrapper: type[Model]) -> int:
    """Use wrapped transactions."""
    number = 0
    with Config(backend="memory", wrapper=wrapper) as config:
        for model in config.txn():
            number = model.increase("/count")
        for watcher in config.watcher():
            for model in watcher.txn():
                number = model.increase("/count")
            break
    return number


def main() -> list[str]:
    lines = [f"version {ska_sdp_config.__version__}"]
    backend = MemoryBackend()
    plain: TxnWrapper = Model
    try:
        with Config(backend=backend, component_name="user", owner={"pid": 1}) as config:
            pb_id = set_up(config)
            lines += describe(config, pb_id)
            lines += rejections(config, pb_id)
            lines.append(follow(config, pb_id))
            with config.lease(ttl=5) as lease:
                lines.append(f"{lease.alive()} {config.is_alive()} {config.lease_is_lost}")
            lines.append(str(config.connection_state))
            lines.append(read_unknown_status(config, pb_id))
    except (CommitUnknown, ConfigConnectionError, TransactionTooLarge) as exc:
        lines.append(str(exc))
    lines.append(f"{count(Model)} {plain is Model} {depth_of_path('/pb/x')}")
    return lines
