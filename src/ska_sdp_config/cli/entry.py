"""Writing of the value of one entry, with the state of an execution block."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.objects import (
    ALLOCATION,
    CONTROLLER,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    RESOURCE,
    SCRIPT,
    STATES,
    SUBARRAY,
    SYSTEM,
    locate,
)
from ska_sdp_config.cli.output import Change, note
from ska_sdp_config.cli.targets import Target

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = [
    "CHANGEABLE",
    "check_changeable",
    "replace",
    "state_of_eb",
    "timestamp",
    "update_state_of_eb",
    "usage",
]

CHANGEABLE = (
    SCRIPT,
    EB,
    DEPLOYMENT,
    *STATES,
    CONTROLLER,
    SUBARRAY,
    FLOW,
    DEPENDENCY,
    RESOURCE,
    REQUEST,
    ALLOCATION,
    SYSTEM,
)
"""Objects that can be updated and edited; of processing blocks only the states."""


def usage(argument: str = "") -> list[str]:
    """Return the lines of usage of a verb that changes one entry."""
    states = "|".join(kind.name.removesuffix("-state") for kind in STATES)
    targets = (
        "(script|eb|deployment|flow|dependency|resource|request|allocation) ID",
        f"({states})-state ID",
        "(controller|system)",
        "subarray ID",
        "KEY",
    )
    return [f"[options] {each}{argument}" for each in targets]


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


def replace(
    backend: Backend,
    target: Target,
    text: str,
    prefix: str,
    *,
    read: tuple[str | None] | None = None,
) -> list[Change]:
    """Replace the text of an entry in one transaction; create a missing state.

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
        Failed: the stored text is not the one that was read.
    """
    from ska_sdp_config.cli.bulk import plan

    path = target.entry
    changes: list[Change] = []
    has_object = True
    for txn in backend.txn():
        before = txn.get(path)
        if read is not None and before != read[0]:
            raise Failed(f"{path} was changed by another client: edit it again.")
        if before is None and not target.is_state:
            raise target.not_found(backend)
        has_object = before is not None or txn.get(target.path) is not None
        changes = [Change(f"{step.verb}d", path) for step in plan({path: before}, {path: text})]
        if changes:
            (txn.create if before is None else txn.update)(path, text)
            state_path = update_state_of_eb(txn, path, text, prefix)
            if state_path:
                changes.append(Change("updated", state_path))
    if not has_object:
        note(f"There is nothing at {target.path}: its state was written nevertheless.")
    return changes


def timestamp() -> str:
    """Return the current time in the format of ``last_updated``."""
    from ska_sdp_config.lmc.times import last_updated

    return last_updated(datetime.now(timezone.utc))


def state_of_eb(known: Mapping[str, Any], eb: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state to write with an execution block, all of whose fields are optional.

    Args:
        known: the stored state, empty for none.
        eb: the execution block.
    """
    state = {
        "scans": [],
        **known,
        "scan_type": eb.get("current_scan_type"),
        "scan_id": eb.get("scan_id"),
        "last_updated": eb.get("last_updated") or timestamp(),
    }
    return state | ({"status": eb["status"]} if "status" in eb else {})


def update_state_of_eb(txn: Txn, path: str, text: str, prefix: str) -> str | None:
    """Update the stored state of an execution block to its new text.

    Returns:
        The path of the state; None if nothing was written: the path is not that of an execution
        block, there is no state, or one of the two is not a mapping or cannot be encoded.
    """
    from ska_sdp_config.entity.codec import encode

    place = locate(path, prefix)
    if place is None or place.kind != EB or place.part:
        return None
    state_path = f"{path}/state"
    known, eb = values.read(txn.get(state_path) or ""), values.read(text)
    if not (isinstance(known, dict) and isinstance(eb, dict)):
        return None
    try:
        state = encode(state_of_eb(known, eb))
    except ValueError:  # escapes in JSON can yield lone surrogates
        return None
    txn.update(state_path, state)
    return state_path
