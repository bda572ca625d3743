"""Ids for new blocks."""

from __future__ import annotations

from datetime import datetime, timezone

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.operations.context import Context

__all__ = ["new_block_id"]

_DIGITS = 5


def new_block_id(context: Context, kind: str, generator: str) -> str:
    """Find the first id of today that is free.

    Only the id that is found is guarded: two that find the same one at once are told apart
    when they commit, and all others do not disturb each other (spec 2.2).

    Args:
        context: the transaction.
        kind: ``pb`` or ``eb``.
        generator: who makes the block.

    Returns:
        ``<kind>-<generator>-<today, UTC>-<5 digits from 00000>``.

    Raises:
        ValueError: the generator cannot be part of an id.
        RuntimeError: all ids of today are taken.
    """
    if not generator:
        raise ValueError("An empty name cannot be that of a generator: say who makes the block.")
    stem = f"{kind}-{generator}-{datetime.now(timezone.utc):%Y%m%d}-"
    check_block_id(stem + "0" * _DIGITS)
    start = f"{context.prefix}/{kind}/{stem}"
    present = set(context.raw.peek_keys(start))
    for number in range(10**_DIGITS):
        digits = f"{number:0{_DIGITS}}"
        if start + digits not in present and context.raw.get(start + digits) is None:
            return stem + digits
    raise RuntimeError(f"All ids {stem}… of today are taken: use another generator.")
