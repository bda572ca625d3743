"""Replacement of the value of one entry, for ``update`` and ``edit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.objects import (
    CONTROLLER,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    PB_STATE,
    SCRIPT,
    SUBARRAY,
    locate,
)
from ska_sdp_config.cli.output import Change, note
from ska_sdp_config.cli.targets import Target

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["CHANGEABLE", "EntryConflict", "check_changeable", "find", "replace"]

CHANGEABLE = (SCRIPT, EB, DEPLOYMENT, PB_STATE, CONTROLLER, SUBARRAY, FLOW, DEPENDENCY)
"""Objects that can be updated and edited; of processing blocks only the states."""


class EntryConflict(Failed):
    """The entry changed between the read and the write."""


def check_changeable(target: Target, prefix: str) -> None:
    """Check that the value of a target may be changed.

    Raises:
        Failed: it is the value of a processing block.
    """
    place = locate(target.entry, prefix)
    if place is not None and place.kind == PB and not place.part:
        raise Failed(
            f"{target.entry} was not changed: processing blocks are immutable, except for their "
            f"states; try 'pb-state {place.key}', or --force."
        )


def find(backend: Backend, target: Target) -> str | None:
    """Return the text of an entry; None for the state of a processing block that has none yet.

    Raises:
        NotFound: the entry does not exist.
    """
    text: str | None = None
    for txn in backend.txn():
        text = txn.get(target.entry)
    if text is None and target.kind != PB_STATE:
        raise target.not_found()
    return text


def replace(
    backend: Backend,
    target: Target,
    text: str,
    prefix: str,
    *,
    read: tuple[str | None] | None = None,
) -> list[Change]:
    """Replace the text of an entry in one transaction; create a missing processing block state.

    The state of an execution block, if it has one, is updated with it.

    Args:
        backend: the database.
        target: the key or object.
        text: the new text.
        prefix: the global prefix.
        read: the text that must still be stored, None within it for no entry; None to skip the
            check.

    Returns:
        The changes; empty if the value is stored already.

    Raises:
        NotFound: the entry does not exist.
        EntryConflict: the stored text is not the one that was read.
    """
    from ska_sdp_config.cli.bulk import plan
    from ska_sdp_config.cli.eb_state import state_path_of, updated_state

    path = target.entry
    state_path = state_path_of(path, prefix)
    changes: list[Change] = []
    has_object = True
    for txn in backend.txn():
        before = txn.get(path)
        if read is not None and before != read[0]:
            raise EntryConflict(f"{path} was changed by another client: edit it again.")
        if before is None and target.kind != PB_STATE:
            raise target.not_found()
        has_object = before is not None or txn.get(target.path) is not None
        changes = [Change(f"{step.verb}d", path) for step in plan({path: before}, {path: text})]
        if changes:
            (txn.create if before is None else txn.update)(path, text)
            state = state_path and updated_state(txn.get(state_path), text)
            if state_path and state:
                txn.update(state_path, state)
                changes.append(Change("updated", state_path))
    if not has_object:
        note(f"There is nothing at {target.path}: its state was written nevertheless.")
    return changes
