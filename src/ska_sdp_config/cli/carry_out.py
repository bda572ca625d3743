"""Bringing many keys to the values that are wanted, and saying what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .bulk import plan, write
from .errors import Unfinished
from .output import Change, Difference, Printer, note

if TYPE_CHECKING:
    from ..config import Config
    from .bulk import Batch

__all__ = ["carry_out", "preview"]

DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def carry_out(
    config: Config,
    stored: Mapping[str, str],
    wanted: Mapping[str, str | None],
    out: Printer,
    *,
    atomic: bool,
    quiet: bool,
) -> None:
    """Write, in one transaction if it fits, and print what was done.

    Args:
        config: the database.
        stored: the texts that there are.
        wanted: the texts that there shall be, None for none.
        out: prints it.
        atomic: whether to refuse rather than to use several transactions.
        quiet: whether to leave it unsaid when a batch stands.

    Raises:
        Failed: it does not fit one transaction, and is to; nothing was written.
        Unfinished: it stopped between two batches; says which stand.
    """
    changes: list[Change] = []
    batches = 0

    def written(batch: Batch) -> None:
        nonlocal batches
        batches += 1
        changes.extend(Change(DONE[step.verb], step.path) for step in batch.steps)
        if not (batch.is_all or quiet):
            note(f"batch {batches} stands: {batch.first} to {batch.last}")

    todo = {step.path: wanted[step.path] for step in plan(stored, wanted)}
    unchanged = len(wanted) - len(todo)
    try:
        write(config, todo, atomic=atomic, written=written)
    except Unfinished:
        out.changes(changes, unchanged)
        raise
    out.changes(changes, unchanged)


def preview(
    stored: Mapping[str, str], wanted: Mapping[str, str | None]
) -> tuple[list[Difference], int]:
    """Get what would be done, and to how many nothing has to be done."""
    differences = [
        Difference(step.verb, step.path, stored.get(step.path), wanted[step.path])
        for step in plan(stored, wanted)
    ]
    return differences, len(wanted) - len(differences)
