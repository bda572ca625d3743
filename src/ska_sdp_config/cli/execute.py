"""Bringing many keys to the values that are wanted, and saying what was done."""

from __future__ import annotations

from contextlib import nullcontext

from ska_sdp_config.cli.bulk import Batch, Goal, plan, write
from ska_sdp_config.cli.errors import Unfinished
from ska_sdp_config.cli.interrupts import deferred
from ska_sdp_config.cli.output import Change, Difference, Printer, note
from ska_sdp_config.cli.session import open_config
from ska_sdp_config.cli.sizes import check_sizes

__all__ = ["execute_goal", "preview"]

DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def execute_goal(goal: Goal, prefix: str, out: Printer, *, atomic: bool, quiet: bool) -> None:
    """Write, in one transaction if it fits, and print what was done.

    Args:
        goal: what keys shall hold.
        prefix: what stands before the paths of objects.
        out: prints it.
        atomic: whether to refuse rather than to use several transactions.
        quiet: whether to leave it unsaid when a batch stands.

    Raises:
        Failed: it does not fit one transaction, and is to; nothing was written.
        Unfinished: it stopped between two batches; says which stand.
    """
    changes: list[Change] = []
    batches = unchanged = 0

    def written(batch: Batch) -> None:
        nonlocal batches, unchanged
        batches += 1
        unchanged += batch.unchanged
        changes.extend(Change(DONE[step.verb], step.path) for step in batch.steps)
        if not (batch.is_all or quiet):
            note(f"batch {batches} stands: {batch.first} to {batch.last}")

    try:
        # Stopped in mid commit, it would not be known whether that batch stands.
        with deferred() as stop_if_asked, open_config(prefix, nullcontext()) as config:
            write(config, goal, atomic=atomic, written=written, stop_if_asked=stop_if_asked)
    except Unfinished:
        out.changes(changes, unchanged)
        raise
    out.changes(changes, unchanged)


def preview(goal: Goal, prefix: str) -> tuple[list[Difference], int]:
    """Get what would be done, and to how many keys nothing has to be done.

    Raises:
        Failed: something would not fit any transaction; names it.
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
