"""Search for corrupt entries, for ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.entity.codec import decode
from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.ownership import read_owner

__all__ = ["find_unreadable"]


def find_unreadable(txn: Txn, prefix: str) -> dict[str, str]:
    """Return the faults of all entries that listings of the library skip, by path.

    Args:
        txn: the transaction to read in.
        prefix: the global prefix.
    """
    found = Collections(Context(txn, prefix, {}, _no_lease))
    faults: dict[str, str] = {}
    for entities in (
        found.execution_block,
        found.processing_block,
        found.deployment,
        found.script,
        found.flow,
        found.dependency,
    ):
        faults.update(entities.query_unreadable())
    faults.update(_unreadable_entries(txn, prefix))
    return faults


def _unreadable_entries(txn: Txn, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the device entries that are not JSON, and the components with an invalid owner."""
    for root, read in ((f"{prefix}/lmc/", decode), (f"{prefix}/component/", read_owner)):
        for path, text in txn.list_values(root, recurse=1):
            if read is read_owner and not path.endswith("/owner"):
                continue
            try:
                read(text, path)
            except ValueError as error:
                yield path, str(error)


def _no_lease() -> NoReturn:
    raise AssertionError("Nothing is taken here.")
