"""Execution and preview of a goal: writing many keys, and reporting the changes."""

from __future__ import annotations

from contextlib import nullcontext

from ska_sdp_config.cli.bulk import Batch, Goal, plan, write
from ska_sdp_config.cli.errors import Unfinished
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.output import Change, Difference, Printer, note
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.cli.sizes import check_sizes

__all__ = ["execute_goal", "preview"]

DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def execute_goal(goal: Goal, prefix: str, out: Printer, *, atomic: bool, quiet: bool) -> None:
    """Write a goal, in one transaction if it fits, and print the changes.

    Args:
        goal: the texts to store.
        prefix: the global prefix.
        out: the printer.
        atomic: whether to fail if it does not fit one transaction.
        quiet: whether to suppress messages on committed batches.

    Raises:
        Failed: it exceeds one transaction and ``atomic`` is set, or a text fits none.
        Unfinished: it stopped between two batches.
    """
    changes: list[Change] = []
    batches = unchanged = 0

    def on_commit(batch: Batch) -> None:
        nonlocal batches, unchanged
        batches += 1
        unchanged += batch.unchanged
        changes.extend(Change(DONE[step.verb], step.path) for step in batch.steps)
        if not (batch.is_complete or quiet):
            note(f"batch {batches} committed: {batch.first} to {batch.last}")

    try:
        # After an interrupt during a commit it would be unknown whether the batch is committed.
        with defer_interrupts() as check_interrupt, open_config(prefix, nullcontext()) as config:
            write(
                config, goal, atomic=atomic, on_commit=on_commit, check_interrupt=check_interrupt
            )
    except Unfinished:
        out.changes(changes, unchanged)
        raise
    out.changes(changes, unchanged)


def preview(goal: Goal, prefix: str) -> tuple[list[Difference], int]:
    """Return the changes to make, and the number of unchanged keys.

    Raises:
        Failed: a text is too large for a transaction.
    """
    differences: list[Difference] = []
    wanted: dict[str, str | None] = {}
    with open_config(prefix) as config:
        for txn in config.txn():
            stored, wanted = goal.read(txn.raw)
            differences = [
                Difference(step.verb, step.path, stored.get(step.path), wanted[step.path])
                for step in plan(stored, wanted)
            ]
        check_sizes(config, {each.path: each.after for each in differences})
    return differences, len(wanted) - len(differences)
