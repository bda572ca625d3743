"""``ska-sdp prune``: remove ended execution blocks with all that belongs to them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Unfinished, join_faults
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.in_use import linked_blocks, listing_blocks
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.objects import PB
from ska_sdp_config.cli.options import DRY_RUN, OLDER_THAN
from ska_sdp_config.cli.output import Change, Printer, note
from ska_sdp_config.cli.prune_scan import find_belongings
from ska_sdp_config.cli.pruning import Links
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.store.errors import TransactionTooLarge

if TYPE_CHECKING:
    from ska_sdp_config.cli.pruning import Belongings
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["command"]

MAX_KEYS_PER_BATCH = 100
"""Maximum number of keys and listings in a batch of several execution blocks.

etcd's ``--max-txn-ops`` is 128 by default; each transaction also reads the subarrays.
"""
MAX_GUARDED_CONDITIONS = 40
"""Maximum number of guarded conditions of one execution block; more are read without guards."""
KEYS_PER_UNIT = 3
LISTINGS_PER_PB = 4
"""Listings of flows, allocations, requests and dependencies of each processing block."""


class _Pruner:
    """Removal of execution blocks in batches.

    Args:
        backend: the database.
        prefix: the global prefix.
        before: only blocks last written before this time are removed.
        dry_run: whether to write nothing.
        on_part: called after each transaction; may raise an error to stop.

    Attributes:
        removed: the removed paths.
        kept: path and reason of each old, ended execution block that was kept.
    """

    def __init__(
        self,
        backend: Backend,
        prefix: str,
        before: datetime,
        dry_run: bool,
        on_part: Callable[[], None] = lambda: None,
    ) -> None:
        self._backend = backend
        self._prefix = prefix
        self._before = before
        self._dry_run = dry_run
        self._on_part = on_part
        self.removed: list[str] = []
        self.kept: list[str] = []

    def remove(self, blocks: Sequence[Belongings]) -> None:
        """Remove execution blocks in one transaction, or in several if they exceed its limits."""
        if len(blocks) == 1 and _size(blocks[0]) > MAX_KEYS_PER_BATCH:
            self._remove_large(blocks[0])
            return
        try:
            self._remove_at_once(blocks)
        except TransactionTooLarge:
            if len(blocks) == 1:
                self._remove_large(blocks[0])
                return
            half = len(blocks) // 2
            self.remove(blocks[:half])
            self.remove(blocks[half:])

    def _remove_at_once(self, blocks: Sequence[Belongings]) -> None:
        removed: list[str] = []
        kept: list[str] = []
        for txn in self._backend.txn():
            units, kept = [], []
            texts, links = self._read(txn, blocks)
            for block in blocks:
                is_old, reason = self._judge(block, texts, links)
                if is_old and reason:
                    kept.append(f"{block.path}: {reason}")
                elif is_old:
                    units += block.units()
            removed = _delete(txn, units, texts)
            if self._dry_run:
                break
        self.removed += removed
        self.kept += kept
        self._on_part()

    def _remove_large(self, block: Belongings) -> None:
        """Remove an execution block in several transactions, itself in the last one."""
        is_old, reason = False, None
        for txn in self._backend.txn():
            texts, links = self._read(txn, [block])
            is_old, reason = self._judge(block, texts, links)
        if not is_old:
            return
        size = MAX_KEYS_PER_BATCH // (KEYS_PER_UNIT + LISTINGS_PER_PB)
        done: set[str] = set()
        while not reason and block.path not in done:
            try:
                reason = self._remove_part(block, done, size)
            except TransactionTooLarge:
                if size == 1:
                    raise
                size = (size + 1) // 2
        if reason:
            self.kept.append(f"{block.path}: {reason}")

    def _remove_part(self, block: Belongings, done: set[str], size: int) -> str | None:
        """Remove the next parts of an execution block; return the reason to stop, or None.

        Args:
            block: the execution block.
            done: paths of the removed parts; this call adds its own.
            size: maximum number of parts to remove.
        """
        removed: list[str] = []
        units: list[list[str]] = []
        of_block = block.units()[-1]
        for txn in self._backend.txn():
            paths = {unit[0] for unit in _next_units(block, done, size)}
            # List the new parts of the processing blocks in this step only: listings of all of
            # them may exceed the limit of a transaction.
            pb_ids = {each for each in block.pb_ids if PB.path(self._prefix, each) in paths}
            _add_new_parts(txn, [block], block.listings(pb_ids))
            units = _next_units(block, done, size)
            wanted = [path for unit in [*units, of_block] for path in unit]
            conditions = block.conditions()
            if len(conditions) > MAX_GUARDED_CONDITIONS:
                texts = txn.get_many(wanted) | self._read_unguarded(conditions)
            else:
                texts = txn.get_many(dict.fromkeys([*wanted, *conditions]))
            # The age of all parts was checked before the first removal.
            reason = block.reason_to_keep(texts, self._links(txn))
            if reason:
                return reason
            removed = _delete(txn, units, texts)
            if self._dry_run:
                break
        self.removed += removed
        done.update(unit[0] for unit in units)
        self._on_part()
        return None

    def _read_unguarded(self, paths: Sequence[str]) -> dict[str, str | None]:
        texts: dict[str, str | None] = {}
        for txn in self._backend.txn():
            texts = txn.get_many(paths)
        return texts

    def _judge(
        self, block: Belongings, texts: Mapping[str, str | None], links: Links
    ) -> tuple[bool, str | None]:
        """Return whether a block exists and is old, and the reason to keep it, None to remove it.

        A block of unknown age counts as old, so that the reason is printed.
        """
        time = block.last_time(texts)
        if texts[block.path] is None or (time is not None and time >= self._before):
            return False, None
        reason = "its age is unknown" if time is None else block.reason_to_keep(texts, links)
        return True, reason

    def _read(self, txn: Txn, blocks: Sequence[Belongings]) -> tuple[dict[str, str | None], Links]:
        """Return the texts and links that decide whether blocks are removed."""
        listings = [path for block in blocks for path in block.listings(block.pb_ids)]
        _add_new_parts(txn, blocks, listings)
        paths = [path for block in blocks for path in block.reads()]
        return txn.get_many(dict.fromkeys(paths)), self._links(txn)

    def _links(self, txn: Txn) -> Links:
        of_subarrays = linked_blocks(txn, self._prefix)
        of_pbs = listing_blocks(txn, self._prefix, {*of_subarrays.values()})
        return Links(of_subarrays, of_pbs)


def _add_new_parts(txn: Txn, blocks: Sequence[Belongings], listings: Iterable[str]) -> None:
    """Add the parts that were created after the search; a later creation is a conflict."""
    for path in txn.list_many(listings):
        for block in blocks:
            block.add_part(path)


def _next_units(block: Belongings, done: set[str], size: int) -> list[list[str]]:
    return [unit for unit in block.units() if unit[0] not in done][:size]


def _delete(
    txn: Txn, units: Sequence[Sequence[str]], texts: Mapping[str, str | None]
) -> list[str]:
    """Delete the existing paths of some units; return them."""
    # Two execution blocks may list the same processing block.
    wanted = dict.fromkeys(path for unit in units for path in unit)
    paths = [path for path in wanted if texts[path] is not None]
    for path in paths:
        txn.delete(path)
    return paths


def _size(block: Belongings) -> int:
    """Return the number of keys and listings that the removal of a block reads."""
    return len(block.reads()) + LISTINGS_PER_PB * len(block.pb_ids)


def _batches(blocks: Sequence[Belongings]) -> Iterator[list[Belongings]]:
    batch: list[Belongings] = []
    size = 0
    for block in blocks:
        if batch and size + _size(block) > MAX_KEYS_PER_BATCH:
            yield batch
            batch, size = [], 0
        batch.append(block)
        size += _size(block)
    if batch:
        yield batch


def _prune(older_than: timedelta, dry_run: bool, out: Printer, prefix: str) -> None:
    before = datetime.now(timezone.utc) - older_than
    with defer_interrupts() as check_interrupt, open_backend(nullcontext()) as backend:
        printed = 0

        def on_part() -> None:
            nonlocal printed
            if out.prints_lines:
                _print(pruner.removed[printed:], dry_run, out)
                printed = len(pruner.removed)
            check_interrupt()

        pruner = _Pruner(backend, prefix, before, dry_run, on_part)
        try:
            for blocks in find_belongings(backend, prefix, before, check_interrupt):
                for batch in _batches(blocks):
                    pruner.remove(batch)
        except BaseException as exc:  # Ctrl-C too: report the removed paths first
            _report(pruner, printed, dry_run, out)
            if dry_run or not pruner.removed:
                raise
            raise Unfinished(f"{len(pruner.removed)} keys were removed.") from exc
    _report(pruner, printed, dry_run, out)


def _report(pruner: _Pruner, printed: int, dry_run: bool, out: Printer) -> None:
    """Print the removed paths that are not printed yet, and the blocks that were kept."""
    _print(pruner.removed[printed:], dry_run, out)
    if pruner.kept and not out.quiet:
        blocks = "block" if len(pruner.kept) == 1 else "blocks"
        note(f"Kept {len(pruner.kept)} old execution {blocks}: {join_faults(pruner.kept)}.")


def _print(paths: Sequence[str], dry_run: bool, out: Printer) -> None:
    out.changes([Change("delete" if dry_run else "deleted", path) for path in paths], 0)
    sys.stdout.flush()


command = make_command(
    "prune",
    _prune,
    [OLDER_THAN, DRY_RUN],
    help="Remove finished and cancelled execution blocks that are older than AGE, with their "
    "processing blocks and what these leave behind: states, flows, deployments, dependencies and "
    "requests for resources. The age counts from the newest last_updated of the execution block, "
    "its state and the states of its processing blocks, or if there is none from the date in its "
    "ID. An execution block is kept, and the reason printed, if a subarray links it, or links "
    "another execution block that lists one of its processing blocks; if a part has an owner, a "
    "processing block has not ended (FINISHED, CANCELLED or FAILED) or has an allocation of "
    "resources, a flow is not DELETED, or a processing block that has not ended depends on it. "
    "Blocks are removed in batches; run it again to finish after an error.",
)
