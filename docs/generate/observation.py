"""Sequence of an observation, from a run on a database in memory.

The devices' model decides the commands, the simulator's scripts act on them; the table lists what
each of them wrote, and the obsState derived from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from docs.generate.text import table

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.config import Transaction
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc.derive import derive
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_config.lmc.upkeep import reached_writes
from ska_sdp_lmc.commands import Message, apply_command, message_paths
from ska_sdp_lmc.devices.subarray import COMMANDS
from ska_sdp_lmc.messages import (
    AssignResources,
    parse_assign_resources,
    parse_configure,
    parse_scan,
)
from ska_sdp_lmc.runtime.repository import SnapshotReader, write
from ska_sdp_sim.database import read_block, write_step
from ska_sdp_sim.demo.content import configure, scan
from ska_sdp_sim.deployment_state import next_state
from ska_sdp_sim.script import Settings, Step, next_step

__all__ = ["Line", "fail_receive_script", "observe", "sequence"]

MESSAGE = Path(__file__).parents[2] / "examples" / "assign_resources.json"
SUBARRAY = "01"
CLIENT, DEVICE, STORE, SCRIPTS = "TMC", "SDPSubarray", "etcd", "controller, scripts"

_TIME = datetime(2026, 1, 31, 23, 12, 37, tzinfo=timezone.utc)
_LONG_AGO = timedelta(days=1)
_RULES = ModelSettings(required_components=())


@dataclass(frozen=True, slots=True)
class Line:
    """One message.

    Attributes:
        sender: its sender.
        receiver: its receiver.
        text: a command, the entries written, or an obsState.
    """

    sender: str
    receiver: str
    text: str


def sequence() -> str:
    """Return the table of the sequence."""
    with Config(backend=MemoryBackend(Database())) as config:
        rows = [[f"{line.sender} → {line.receiver}", line.text] for line in observe(config)]
    return table(["from → to", "command, entries written, or event"], rows)


def observe(config: Config, last: str = "", time: datetime = _TIME) -> list[Line]:
    """Run an observation of one scan, and return its messages.

    Args:
        config: an empty database.
        last: command to stop after; empty for the whole observation.
        time: time of everything in it.
    """
    return list(_Observation(config, time).run(last))


def fail_receive_script(config: Config) -> None:
    """Fail the real-time processing block of the observation now, as its script would."""
    now = last_updated(datetime.now(timezone.utc))
    failed = {"status": "FAILED", "reason": "no disk is left", "last_updated": now}
    for txn in config.txn():
        for pb_id in txn.list_processing_blocks():
            pb = txn.get_processing_block(pb_id)
            state = txn.get_processing_block_state(pb_id) or {}
            if pb is not None and pb.script.kind == "realtime":
                txn.update_processing_block_state(pb_id, {**state, **failed})


class _Observation:
    """One observation.

    Args:
        config: an empty database.
        time: time of everything in it.
    """

    def __init__(self, config: Config, time: datetime) -> None:
        self._config = config
        self._now = time
        self._shown = ObsState.EMPTY.name

    def run(self, last: str) -> Iterator[Line]:
        """Send the commands up to the last one; yield the messages that follow each."""
        text = MESSAGE.read_text()
        assign = parse_assign_resources(text, 1).message
        scan_type = json.loads(text)["execution_block"]["scan_types"][0]["scan_type_id"]
        for txn in self._config.txn():
            for pb in json.loads(text)["processing_blocks"]:
                key = pb["script"]
                txn.create_script(key["kind"], key["name"], key["version"], {"image": "any"})
        commands: list[tuple[str, Message | None]] = [
            ("On", None),
            ("AssignResources", assign),
            ("Configure", parse_configure(configure(scan_type), 1).message),
            ("Scan", parse_scan(scan(1), 1).message),
            ("EndScan", None),
            ("End", None),
            ("ReleaseAllResources", None),
        ]
        for name, message in commands:
            yield from self._command(name, message)
            yield from self._processing()
            if name == last:
                break

    def _command(self, name: str, message: Message | None) -> Iterator[Line]:
        yield Line(CLIENT, DEVICE, name)
        for txn in self._config.txn():
            also = message_paths(message) if isinstance(message, AssignResources) else []
            snapshot = SnapshotReader(SUBARRAY, []).read(txn, also)
            decide = COMMANDS[name].decide
            assert decide is not None
            writes = apply_command(name, decide, snapshot, message, self._now, _RULES, "txn-any")
            write(txn, writes)
        yield Line(DEVICE, STORE, _entries(writes.documents))
        after = self._snapshot()
        view = derive(after, self._now, _RULES)
        if view.transient is not None:
            yield from self._show(view.transient.name)
        yield from self._show(view.obs_state.name)

    def _processing(self) -> Iterator[Line]:
        """Run the scripts until none can continue; yield the messages of each step."""
        moved = True
        while moved:
            moved = False
            for pb_id in self._pb_ids():
                step: object = None
                for txn in self._config.txn():
                    step = self._step(txn, pb_id)
                if not isinstance(step, Step):
                    continue
                moved = True
                changed = _changed_by(step)
                if changed:
                    kind = self._kind(pb_id)
                    yield Line(SCRIPTS, STORE, f"{kind} pb: {changed}")
                yield from self._reconcile()

    def _step(self, txn: Transaction, pb_id: str) -> object:
        block = read_block(txn, pb_id)
        if block is None:
            return None
        step = next_step(block, self._now - _LONG_AGO, self._now, Settings())
        if isinstance(step, Step):
            write_step(txn, block, step, self._now)
            for name in step.deploy:
                _deploy(txn, name)
        return step

    def _reconcile(self) -> Iterator[Line]:
        view = derive(self._snapshot(), self._now, _RULES)
        if view.wait_over:
            for txn in self._config.txn():
                snapshot = SnapshotReader(SUBARRAY, []).read(txn)
                write(txn, reached_writes(snapshot, view.command_count, _RULES))
        yield from self._show(view.obs_state.name)

    def _show(self, obs_state: str) -> Iterator[Line]:
        if obs_state != self._shown:
            self._shown = obs_state
            yield Line(DEVICE, CLIENT, f"obsState {obs_state}")

    def _snapshot(self) -> Snapshot:
        for txn in self._config.txn():
            snapshot = SnapshotReader(SUBARRAY, []).read(txn)
        return snapshot

    def _pb_ids(self) -> list[str]:
        for txn in self._config.txn():
            found = txn.list_processing_blocks()
        return found

    def _kind(self, pb_id: str) -> str:
        pb: ProcessingBlock | None = None
        for txn in self._config.txn():
            pb = txn.get_processing_block(pb_id)
        return "" if pb is None else pb.script.kind


def _deploy(txn: Transaction, deployment_id: str) -> None:
    """Run a new deployment, in place of the Helm deployer."""
    state = next_state(deployment_id, None)
    while state is not None:
        txn.deployment.state(deployment_id).create_or_update(state)
        state = next_state(deployment_id, state)


def _entries(paths: Iterable[str]) -> str:
    """List the entries that one transaction wrote, without IDs."""
    return ", ".join(dict.fromkeys(map(_kind_of, sorted(paths))))


def _kind_of(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] == "lmc":
        return "subarray"
    return parts[0] + ("" if len(parts) == 2 else f" {parts[-1]}")


def _changed_by(step: Step) -> str:
    changed = []
    for key, value in step.state.items():
        if key == "status":
            changed.append(str(value))
        elif value and key not in ("deployments", "last_updated"):
            changed.append(key.replace("_", " "))
    if step.execution_block:
        changed.append("link from the eb")
    if step.deploy:
        changed.append("deployment")
    if step.take_ownership:
        changed.append("owner")
    return ", ".join(changed)
