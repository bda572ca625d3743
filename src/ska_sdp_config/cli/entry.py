"""One entry whose value is replaced: what ``update`` and ``edit`` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Failed, NotFound
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
    place_of,
)
from ska_sdp_config.cli.output import Change, note
from ska_sdp_config.cli.targets import Target

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["CHANGEABLE", "ChangedMeanwhile", "check_changeable", "find", "replace"]

CHANGEABLE = (SCRIPT, EB, DEPLOYMENT, PB_STATE, CONTROLLER, SUBARRAY, FLOW, DEPENDENCY)
"""What can be updated and edited: of processing blocks their states only."""


class ChangedMeanwhile(Failed):
    """Somebody else has changed the entry since it was read."""


def check_changeable(target: Target, prefix: str) -> None:
    """Check that a value may be changed.

    Raises:
        Failed: it is that of a processing block.
    """
    place = place_of(target.entry, prefix)
    if place is not None and place.kind == PB and not place.part:
        raise Failed(
            f"{target.entry} was not changed: processing blocks are not, apart from their "
            f"states; try 'pb-state {place.key}', or --force."
        )


def find(backend: Backend, target: Target) -> str | None:
    """Get the text of an entry; None for the state of a processing block that has none yet.

    Raises:
        NotFound: it is not there.
    """
    text: str | None = None
    for txn in backend.txn():
        text = txn.get(target.entry)
    if text is None and target.kind != PB_STATE:
        raise NotFound(f"There is nothing at {target.entry}: try '{target.seek}'.")
    return text


def replace(
    backend: Backend,
    target: Target,
    text: str,
    prefix: str,
    *,
    read: tuple[str | None] | None = None,
) -> list[Change]:
    """Write an entry, in one transaction; the state of a processing block also if there is none.

    With an execution block its state is written, where it has one (spec 2.1).

    Args:
        backend: the database.
        target: what the entry stands for.
        text: what shall be stored.
        prefix: what stands before the paths of objects.
        read: what was stored, None for nothing, and is to be there still.

    Returns:
        What was done; nothing if the value was stored already.

    Raises:
        NotFound: it is not there.
        ChangedMeanwhile: another text is there than the one that was read.
    """
    from ska_sdp_config.cli.bulk import plan
    from ska_sdp_config.cli.eb_state import state_beside, updated_state

    path = target.entry
    beside = state_beside(path, prefix)
    changes: list[Change] = []
    has_object = True
    for txn in backend.txn():
        before = txn.get(path)
        if read is not None and before != read[0]:
            raise ChangedMeanwhile(
                f"{path} was changed by somebody else meanwhile: edit it again."
            )
        if before is None and target.kind != PB_STATE:
            raise NotFound(f"There is nothing at {path}: try '{target.seek}'.")
        has_object = before is not None or txn.get(target.path) is not None
        changes = [Change(f"{step.verb}d", path) for step in plan({path: before}, {path: text})]
        if changes:
            (txn.create if before is None else txn.update)(path, text)
            state = beside and updated_state(txn.get(beside), text)
            if beside and state:
                txn.update(beside, state)
                changes.append(Change("updated", beside))
    if not has_object:
        note(f"There is nothing at {target.path}: its state was written all the same.")
    return changes
