"""Writing of the value of one entry, with the state of an execution block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.errors import Failed, NotFound
from ska_sdp_config.cli.in_use import users_of_change
from ska_sdp_config.cli.objects import (
    ALIASES,
    ALLOCATION,
    CONTROLLER,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    PB_STATE,
    REQUEST,
    RESOURCE,
    SCRIPT,
    STATES,
    SUBARRAY,
    SYSTEM,
    locate,
)
from ska_sdp_config.cli.output import Change, Difference, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.live import values
from ska_sdp_config.lmc.statuses import PB_STATUSES

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = [
    "ALIASES_OF_CHANGEABLE",
    "CHANGEABLE",
    "check_changeable",
    "check_object",
    "check_status",
    "print_differences",
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


ALIASES_OF_CHANGEABLE = {**ALIASES, "pb": PB_STATE.name, "pbs": PB_STATE.name}
"""Aliases of these objects: of a processing block only the state can be meant."""


def usage(argument: str = "") -> list[str]:
    """Return the lines of usage of a verb that changes one entry."""
    states = "|".join(kind.name.removesuffix("-state") for kind in STATES)
    targets = (
        "(script|eb|deployment|flow) ID",
        "(dependency|resource|request|allocation) ID",
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


def check_status(path: str, text: str, before: str | None, prefix: str) -> None:
    """Check that the new state of a processing block is a state, and its status known or stored.

    Args:
        path: the path of a value; others than states of processing blocks are not checked.
        text: the new text.
        before: the stored text, None for none.
        prefix: the global prefix.

    Raises:
        Failed: the value is a whole processing block, or the status is unknown; names the known
            ones.
    """
    place = locate(path, prefix)
    if place is None or (place.kind, place.part) != (PB, "state"):
        return
    rejected = f"The value for {path} was rejected, nothing was changed"
    state = values.read(text)
    if isinstance(state, dict) and "status" not in state and {"script", "parameters"} & set(state):
        raise Failed(
            f"{rejected}: it is a processing block, not its state: processing blocks are "
            "immutable, give the new state with its status; use --force to store it."
        )
    status, known = (values.field(each, "status") for each in (state, values.read(before or "")))
    if status and status not in (*PB_STATUSES, known):
        raise Failed(
            f"{rejected}: unknown status {status!r}, "
            f"expected one of {', '.join(PB_STATUSES)}; use --force to store it."
        )


def check_object(txn: Txn, path: str, prefix: str) -> None:
    """Check that a path is not that of the state of an object that does not exist.

    Raises:
        NotFound: the object does not exist.
    """
    place = locate(path, prefix)
    if place is None or place.part != "state" or place.kind.leaf:
        return
    of_object = place.kind.path(prefix, place.key)
    if txn.get(of_object) is None:
        raise NotFound(
            f"There is nothing at {of_object}, so its state was not written: "
            f"try '{place.kind.hint}'."
        )


def replace(
    target: Target,
    text: str,
    prefix: str,
    confirmation: Confirmation,
    *,
    force: bool = False,
    read: tuple[str | None] | None = None,
    kept: str = "",
) -> list[Difference]:
    """Replace the text of an entry in one transaction; create a missing state.

    The state of an execution block, if it has one, is updated with it.

    Args:
        target: the key or object.
        text: the new text.
        prefix: the global prefix.
        confirmation: the confirmation of the change.
        force: whether to skip validation.
        read: the text that must still be stored, None within it for no entry; None to skip the
            check.
        kept: see ``Confirmation.run``.

    Returns:
        The changes; empty if the value is stored already.

    Raises:
        NotFound: the entry does not exist, or the object of a state.
        Failed: the stored text is not the one that was read; the value is not a state;
            the status is unknown; or the user did not confirm.
    """
    from ska_sdp_config.cli.bulk import plan

    path = target.entry

    def change(backend: Backend, txn: Txn) -> list[Difference]:
        before = txn.get(path)
        if read is not None and before != read[0]:
            raise Failed(f"{path} was changed by another client: edit it again.")
        if before is None and not target.is_state:
            raise target.not_found(backend)
        if not (force and target.kind is None):
            check_object(txn, path, prefix)
        if not force:
            check_status(path, text, before, prefix)
        steps = list(plan({path: before}, {path: text}))
        if not steps:
            return []
        confirmation.check(f"Change {path}?", lambda: users_of_change(txn, path))
        (txn.create if before is None else txn.update)(path, text)
        of_state = update_state_of_eb(txn, path, text, prefix)
        return [Difference(steps[0].verb, path, before, text), *([of_state] if of_state else [])]

    return confirmation.run(open_backend, change, kept)


def print_differences(differences: Sequence[Difference], out: Printer, *, dry_run: bool) -> None:
    """Print the changes of one entry, which are still to make in a dry run."""
    unchanged = 0 if differences else 1
    if dry_run:
        out.differences(differences, unchanged)
    else:
        out.changes([Change(f"{each.word}d", each.path) for each in differences], unchanged)


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


def update_state_of_eb(txn: Txn, path: str, text: str, prefix: str) -> Difference | None:
    """Update the stored state of an execution block to its new text.

    Returns:
        The change; None if nothing was written: the path is not that of an execution block, there
        is no state, or one of the two is not a mapping or cannot be encoded.
    """
    from ska_sdp_config.entity.codec import encode

    place = locate(path, prefix)
    if place is None or place.kind != EB or place.part:
        return None
    state_path = f"{path}/state"
    before = txn.get(state_path)
    known, eb = values.read(before or ""), values.read(text)
    if not (isinstance(known, dict) and isinstance(eb, dict)):
        return None
    try:
        state = encode(state_of_eb(known, eb))
    except ValueError:  # escapes in JSON can yield lone surrogates
        return None
    txn.update(state_path, state)
    return Difference("update", state_path, before, state)
