"""Reads of processing blocks and writes of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ska_sdp_config.config import Transaction
from ska_sdp_config.entity import Deployment, ProcessingBlock
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.lmc.blocks import script_of
from ska_sdp_config.lmc.deployment_ids import (
    BlocksOfDeployments,
    deployment_id,
    possible_ids,
    script_deployment_id,
    truncated_id,
)
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.statuses import PB_ENDED
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_sim.block import (
    AT_WORK,
    DONE,
    Block,
    Owner,
    find_cycle,
)
from ska_sdp_sim.deployment_state import is_running
from ska_sdp_sim.script import Step


def paths_of(prefix: str, pb_id: str, eb_id: str | None, deployments: Iterable[str]) -> list[str]:
    """Return the paths to prefetch for a step; that of an invalid ``eb_id`` is left out."""
    paths = [f"{prefix}/pb/{pb_id}{below}" for below in ("", "/state", "/owner")]
    for name in dict.fromkeys(deployments):
        paths += [f"{prefix}/deploy/{name}{below}" for below in ("", "/state")]
    if eb_id is not None and is_id(eb_id):
        paths.append(f"{prefix}/eb/{eb_id}")
    return paths


def find_unfinished(txn: Transaction, prefix: str) -> set[str]:
    """Return the IDs of the processing blocks that may have a step left.

    These have no final status, or an owner or one of their two deployments. Nothing else of the
    others is kept, as there may be tens of thousands. The IDs of deleted blocks whose scripts are
    still deployed are returned too.
    """
    root = f"{prefix}/pb/"
    deployments = set(_names(txn, f"{prefix}/deploy/"))
    ended, owned = set(), set()
    for path, text in txn.peek_values(root, recurse=[1]):
        pb_id, _, part = path[len(root) :].partition("/")
        if part == "state" and _parse(text).get("status") in PB_ENDED:
            ended.add(pb_id)
        elif part == "owner":
            owned.add(pb_id)
    ended -= owned
    unfinished, existing = set(), set()
    for path, text in txn.peek_values(root):
        pb_id = path[len(root) :]
        existing.add(pb_id)
        if not is_id(pb_id):
            continue
        own = own_deployments(pb_id, script_of(_parse(text))["name"])
        if pb_id not in ended or not deployments.isdisjoint(own):
            unfinished.add(pb_id)
    return unfinished | _deleted_blocks(deployments, existing)


def _deleted_blocks(deployments: Iterable[str], existing: set[str]) -> set[str]:
    """Return the IDs of the blocks that do not exist, but whose scripts are deployed."""
    blocks = BlocksOfDeployments(existing)
    found = set()
    for name in deployments:
        pb_id = name.removeprefix("proc-").removesuffix("-script")
        if name == script_deployment_id(pb_id) and not blocks.candidates(name):
            found.add(pb_id)
    return set(filter(is_id, found))


def find_leftovers(txn: Transaction, prefix: str, deleted: Iterable[str]) -> dict[str, list[str]]:
    """Return the IDs of the deployments that deleted blocks may have left, by block.

    Blocks without deployments are left out. A deployment may belong to an existing block, too.
    """
    blocks = BlocksOfDeployments(deleted)
    found: dict[str, list[str]] = {}
    for name in _names(txn, f"{prefix}/deploy/"):
        if is_id(name) and name.startswith("proc-"):
            for pb_id in blocks.blocks_of(name):
                found.setdefault(pb_id, []).append(name)
    return found


def remove_leftovers(txn: Transaction, prefix: str, pb_id: str, names: Iterable[str]) -> None:
    """Delete the deployments that belong to a deleted block and to no existing one.

    Nothing is deleted if the block exists, as it was created again. A block that is created before
    the commit keeps its deployments only if its ID has the characters of a deployment's ID.
    """
    if txn.processing_block.exists(pb_id):
        return
    deployed = [name for name in names if txn.deployment.exists(name)]
    if not deployed:
        return
    root = f"{prefix}/pb/"
    # Not guarded: the guards of a listing of thousands of blocks fit in no transaction of etcd.
    existing = {path.removeprefix(root) for path in txn.raw.peek_keys(root)}
    for name in deployed:
        # Guard against blocks that are created before the commit. One whose ID has other
        # characters is found only in the whole listing.
        begin = truncated_id(name)
        created = txn.list_keys(f"{root}{begin}") if begin else []
        possible = filter(is_id, possible_ids(name))
        texts = txn.get_many(f"{root}{each}" for each in possible)
        created += [path for path, text in texts.items() if text is not None]
        existing.update(path.removeprefix(root) for path in created)
    blocks = BlocksOfDeployments(existing)
    for name in deployed:
        if not blocks.candidates(name):
            txn.delete_deployment(name)


def _names(txn: Transaction, root: str) -> list[str]:
    return [path[len(root) :] for path in txn.list_keys(root)]


def fetch_blocks(txn: Transaction, prefix: str, pb_ids: Sequence[str]) -> None:
    """Fetch processing blocks and their related entries in two round trips."""
    valid = [pb_id for pb_id in pb_ids if is_id(pb_id)]
    txn.get_many(f"{prefix}/pb/{pb_id}{below}" for pb_id in valid for below in ("", "/state"))
    paths: list[str] = []
    for pb_id in valid:
        try:
            pb = txn.get_processing_block(pb_id)
            state = _object(txn.get_processing_block_state(pb_id), f"state of {pb_id}")
        except (ValueError, RecursionError):  # reported by read_block
            continue
        if pb is not None:
            names = [*own_deployments(pb_id, pb.script.name), *recorded_deployments(state)]
            paths += paths_of(prefix, pb_id, pb.eb_id, names)
    txn.get_many(paths)


def read_block(txn: Transaction, pb_id: str) -> Block | None:
    """Read everything that a processing block's next step depends on; None if there is no block.

    Raises:
        ValueError: a stored entry is invalid.
        RecursionError: a stored entry is nested too deeply.
    """
    pb = txn.get_processing_block(pb_id)
    if pb is None:
        return None
    state = _object(txn.get_processing_block_state(pb_id), f"state of {pb_id}")
    name = deployment_id(pb_id, pb.script.name)
    deployed = txn.deployment.exists(name)
    common: dict[str, Any] = {
        "pb_id": pb_id,
        "kind": pb.script.kind,
        "script": str(pb.script),
        "script_name": pb.script.name,
        "parameters": pb.parameters,
        "eb_id": pb.eb_id,
        "state": state,
        "owner": _owner(txn, pb_id),
        "script_deployment": txn.deployment.exists(script_deployment_id(pb_id)),
        "deployment": deployed,
    }
    status = Block(**common).status
    if status in DONE:
        return Block(**common)
    if deployed:
        common["deployment_running"] = _deployment_runs(txn, name)
    if status in AT_WORK:
        common["recorded"] = {
            recorded: "RUNNING" if _deployment_runs(txn, recorded) else "PENDING"
            for recorded in recorded_deployments(state)
            if txn.deployment.exists(recorded)
        }
    if pb.eb_id is not None:
        execution_block = _object(txn.get_execution_block(pb.eb_id), pb.eb_id)
        common["execution_block"] = execution_block
        linked = (execution_block or {}).get("pb_receive_addresses")
        if linked not in (None, pb_id):
            # A value that is not a string links no block.
            common["receiver_is_done"] = not isinstance(linked, str) or (
                _status(txn, linked) in (None, *DONE)
            )
    if status is None or (status in AT_WORK and not deployed):
        common["script_image"] = _script_image(txn, pb)
    if status == "WAITING" and pb.dependencies:
        common["dependencies"] = _dependencies(txn, pb)
        common["cycle"] = find_cycle(pb_id, lambda other: _depends_on(txn, other))
    return Block(**common)


def write_step(txn: Transaction, block: Block, step: Step, now: datetime) -> None:
    """Write a step in the transaction in which the block was read."""
    updated = {"last_updated": last_updated(now)}
    if step.take_ownership:
        txn.processing_block.ownership(block.pb_id).take()
    if step.state:
        state = {**(block.state or {}), **step.state, **updated}
        txn.processing_block.state(block.pb_id).create_or_update(state)
    if step.execution_block and block.eb_id is not None:
        execution_block = {**(block.execution_block or {}), **step.execution_block, **updated}
        txn.update_execution_block(block.eb_id, execution_block)
        # Some programs read last_updated from the execution block's state.
        execution_state = txn.get_execution_block_state(block.eb_id)
        if isinstance(execution_state, dict):
            txn.update_execution_block_state(block.eb_id, {**execution_state, **updated})
    for name, args in step.deploy.items():
        txn.deployment.create_or_update(Deployment(key=name, kind="helm", args=dict(args)))
    if (step.remove_deployment or step.release) and block.deployment:
        txn.delete_deployment(block.deployment_id)
    # A script named "script" has one ID for both.
    if step.release and txn.deployment.exists(block.script_deployment_id):
        txn.delete_deployment(block.script_deployment_id)
    if step.release:
        txn.processing_block.ownership(block.pb_id).release()


def _parse(text: str) -> Mapping[str, Any]:
    """Parse a text; an invalid one is reported by ``read_block``."""
    return read_document(text)[0] or {}


def _object(value: Any, name: str) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"invalid {name}: expected a JSON object")
    return value


def is_id(text: str) -> bool:
    """Return whether a text can be the ID of an entity; keys of other programs may be any."""
    try:
        check_path_part(text)
    except ValueError:
        return False
    return True


def own_deployments(pb_id: str, script_name: str) -> tuple[str, str]:
    """Return the IDs of the deployments that run a block's script and that the script creates."""
    return script_deployment_id(pb_id), deployment_id(pb_id, script_name)


def recorded_deployments(state: Mapping[str, Any] | None) -> list[str]:
    """Return the valid IDs of the deployments that a processing block's state records."""
    deployments = (state or {}).get("deployments")
    return list(filter(is_id, deployments)) if isinstance(deployments, Mapping) else []


def _owner(txn: Transaction, pb_id: str) -> Owner:
    ownership = txn.processing_block.ownership(pb_id)
    if ownership.is_owner():
        return Owner.THIS
    return Owner.OTHER if ownership.is_owned() else Owner.NOBODY


def _deployment_runs(txn: Transaction, name: str) -> bool:
    return is_running(_object(txn.get_deployment_state(name), f"state of {name}") or {})


def _script_image(txn: Transaction, pb: ProcessingBlock) -> str | None:
    definition = _object(
        txn.get_script(pb.script.kind, pb.script.name, pb.script.version), str(pb.script)
    )
    return None if definition is None else str(definition.get("image", ""))


def _status(txn: Transaction, pb_id: str) -> str | None:
    """Return a block's status: empty without a state, None if the block does not exist."""
    if not txn.processing_block.exists(pb_id):
        return None
    state = _object(txn.get_processing_block_state(pb_id), f"state of {pb_id}") or {}
    return str(state.get("status") or "")


def _dependencies(txn: Transaction, pb: ProcessingBlock) -> dict[str, str]:
    # Messages in use name blocks that do not exist; nothing can wait for these.
    found = {item.pb_id: _status(txn, item.pb_id) for item in pb.dependencies}
    return {pb_id: status for pb_id, status in found.items() if status is not None}


def _depends_on(txn: Transaction, pb_id: str) -> Iterable[str]:
    pb = txn.get_processing_block(pb_id)
    return [item.pb_id for item in pb.dependencies] if pb else []
