"""Execution and preview of a goal, for ``import`` and ``load``."""

from __future__ import annotations

from contextlib import nullcontext

from ska_sdp_config.cli.bulk import Batch, Goal, check_sizes, plan, write
from ska_sdp_config.cli.errors import Unfinished
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.output import Change, Difference, Printer, note
from ska_sdp_config.cli.session import open_config

__all__ = ["execute_goal", "preview"]


def execute_goal(goal: Goal, prefix: str, out: Printer, *, atomic: bool) -> None:
    """Write a goal, in one transaction if it fits, and print the changes.

    Args:
        goal: the texts to store.
        prefix: the global prefix.
        out: the printer.
        atomic: whether to fail if it does not fit one transaction.

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
        changes.extend(Change(f"{step.verb}d", step.path) for step in batch.steps)
        if not (batch.is_complete or out.quiet):
            note(f"batch {batches} committed: {batch.paths[0]} to {batch.paths[-1]}")

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
            stored, wanted = goal.read(txn)
            differences = [
                Difference(step.verb, step.path, stored.get(step.path), wanted[step.path])
                for step in plan(stored, wanted)
            ]
        check_sizes(config, {each.path: each.after for each in differences})
    return differences, len(wanted) - len(differences)
