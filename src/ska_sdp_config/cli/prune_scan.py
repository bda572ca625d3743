"""Search of ``prune`` for old execution blocks and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.in_use import parts_of_id
from ska_sdp_config.cli.objects import (
    ALLOCATION,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    SdpObject,
)
from ska_sdp_config.cli.pruning import Belongings, last_time
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.statuses import EB_ENDED

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["find_belongings"]


def find_belongings(backend: Backend, prefix: str, before: datetime) -> list[Belongings]:
    """Return the execution blocks that have ended before a time, with what belongs to them.

    Values are read in pages and are not kept. The removal reads them again, as they may change.
    """
    found: dict[str, Belongings] = {}
    for txn in backend.txn():
        found = {block.eb_id: block for block in _old_blocks(txn, prefix, before)}
        if found:
            _add_processing_blocks(txn, prefix, found)
            _add_parts(txn, prefix, found)
    return list(found.values())


def _old_blocks(txn: Txn, prefix: str, before: datetime) -> Iterator[Belongings]:
    for eb_id, eb in _objects(txn, EB, prefix):
        time = last_time(eb_id, eb)
        if eb.get("status") in EB_ENDED and (time is None or time < before):
            listed = [eb.get("pb_realtime"), eb.get("pb_batch")]
            pb_ids = {
                each for ids in listed if isinstance(ids, list) for each in ids if is_id(each)
            }
            yield Belongings(eb_id, prefix, pb_ids)


def _add_processing_blocks(txn: Txn, prefix: str, found: dict[str, Belongings]) -> None:
    """Add those that name an execution block, and the dependents of all."""
    dependents: dict[str, set[str]] = {}
    for pb_id, pb in _objects(txn, PB, prefix):
        eb_id = pb.get("eb_id")
        if isinstance(eb_id, str) and eb_id in found:
            found[eb_id].pb_ids.add(pb_id)
        dependencies = pb.get("dependencies")
        for each in dependencies if isinstance(dependencies, list) else ():
            if isinstance(each, dict) and isinstance(each.get("pb_id"), str):
                dependents.setdefault(each["pb_id"], set()).add(pb_id)
    for block in found.values():
        of_block = (dependents.get(pb_id, set()) for pb_id in block.pb_ids)
        block.dependents = set().union(*of_block) - block.pb_ids


def _add_parts(txn: Txn, prefix: str, found: dict[str, Belongings]) -> None:
    """Add what belongs to the processing blocks, by the keys."""
    block_of = {pb_id: block for block in found.values() for pb_id in block.pb_ids}
    for key in _keys(txn, FLOW, prefix):
        if block := block_of.get(key.split(":")[0]):
            block.flows.add(FLOW.path(prefix, key))
    for key in _keys(txn, ALLOCATION, prefix):
        if block := block_of.get(key.split(":")[0]):
            block.allocations.add(ALLOCATION.path(prefix, key))
    for key in _keys(txn, REQUEST, prefix):
        if block := block_of.get(key.split(":")[0]):
            block.leftovers.add(REQUEST.path(prefix, key))
    for key in _keys(txn, DEPENDENCY, prefix):
        # It begins with the processing block of the flow, and ends with the one that claims it.
        for pb_id in (key.split(":")[0], key.split(":")[-1]):
            if block := block_of.get(pb_id):
                block.leftovers.add(DEPENDENCY.path(prefix, key))
    pb_ids = {*_keys(txn, PB, prefix), *block_of}
    for key in _keys(txn, DEPLOYMENT, prefix):
        # The longest one: the ID of a processing block may be the beginning of another one.
        pb_id = max(parts_of_id(key) & pb_ids, key=len, default="")
        if block := block_of.get(pb_id):
            block.leftovers.add(DEPLOYMENT.path(prefix, key))


def _objects(txn: Txn, kind: SdpObject, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ID and the value of each object of a kind whose value is a mapping."""
    root = kind.path(prefix)
    for path, text in txn.peek_values(root):
        value = values.read(text)
        if isinstance(value, dict):
            yield path.removeprefix(root), value


def _keys(txn: Txn, kind: SdpObject, prefix: str) -> Iterator[str]:
    root = kind.path(prefix)
    # With their values, as only these are read in pages: each has the timeout of one call.
    for path, _ in txn.peek_values(root):
        yield path.removeprefix(root)
