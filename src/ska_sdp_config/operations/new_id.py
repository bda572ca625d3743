"""Ids of new blocks."""

from __future__ import annotations

from datetime import datetime, timezone

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.operations.context import Context

__all__ = ["new_block_id"]

_DIGITS = 5


def new_block_id(context: Context, kind: str, generator: str) -> str:
    """Return the first free id of today.

    Only the returned id is guarded: transactions that get the same one conflict, others do not.

    Args:
        context: the transaction.
        kind: ``pb`` or ``eb``.
        generator: name of the program that creates the block.

    Returns:
        ``<kind>-<generator>-<today, UTC>-<5 digits from 00000>``.

    Raises:
        ValueError: the generator is invalid in an id.
        RuntimeError: no id of today is free.
    """
    if not generator:
        raise ValueError("The generator cannot be empty: give the name of a program.")
    stem = f"{kind}-{generator}-{datetime.now(timezone.utc):%Y%m%d}-"
    check_block_id(stem + "0" * _DIGITS)
    start = f"{context.prefix}/{kind}/{stem}"
    present = set(context.raw.peek_keys(start))
    for number in range(10**_DIGITS):
        digits = f"{number:0{_DIGITS}}"
        if start + digits not in present and context.raw.get(start + digits) is None:
            return stem + digits
    raise RuntimeError(f"All ids {stem}… of today are taken: use another generator.")
