"""What the database says of one processing block: all that its next step depends on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

__all__ = [
    "DONE",
    "Block",
    "Owner",
    "deployment_id",
    "find_circle",
    "last_updated_of",
    "timestamp",
]

DONE = frozenset({"FINISHED", "CANCELLED", "FAILED"})
"""Values of a processing block's status after which nothing follows."""

_ENDED = frozenset({"FINISHED", "CANCELLED"})
_LONGEST_ID = 96


class Owner(Enum):
    """Who has taken a processing block."""

    NOBODY = "nobody"
    THIS = "this process"
    OTHER = "another process"


@dataclass(frozen=True, slots=True)
class Block:
    """One processing block and what belongs to it, read at one revision.

    Attributes:
        pb_id: id of the processing block.
        kind: ``realtime`` or ``batch``.
        script: the script's key, ``kind:name:version``.
        script_name: the middle part of it.
        parameters: the block's parameters, as stored.
        script_image: the image of the script's definition, None if there is no definition. Read
            only while the block has no state, and when it is deployed.
        eb_id: id of its execution block, if it names one.
        execution_block: content of the execution block, None if there is none.
        state: the block's state, None if it has none.
        owner: who has taken it.
        dependencies: status of each block that it depends on and that there is; an empty text
            for one without a state. Read only while it waits for resources.
        circle: ids of blocks that depend on each other, this one first and last; else empty.
        named_receiver_left: whether the block that the execution block names for its receive
            addresses, if it is another one, is done or gone.
        deployment: whether its deployment is there.
        deployment_running: whether the helm deployer says that it runs.
    """

    pb_id: str
    kind: str
    script: str
    script_name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    script_image: str | None = None
    eb_id: str | None = None
    execution_block: Mapping[str, Any] | None = None
    state: Mapping[str, Any] | None = None
    owner: Owner = Owner.NOBODY
    dependencies: Mapping[str, str] = field(default_factory=dict)
    circle: tuple[str, ...] = ()
    named_receiver_left: bool = False
    deployment: bool = False
    deployment_running: bool = False

    @property
    def status(self) -> str | None:
        """The status in its state; None while it has not begun.

        What is no text, in a state edited by hand, is given as one: a status that nobody knows.
        """
        status = (self.state or {}).get("status")
        return status if status is None or isinstance(status, str) else f"no text: {type(status)}"

    @property
    def execution_status(self) -> str:
        """ACTIVE, FINISHED or CANCELLED; other values in use mean ACTIVE (spec 2.1)."""
        status = (self.execution_block or {}).get("status")
        return status if isinstance(status, str) and status in _ENDED else "ACTIVE"

    @property
    def deployment_id(self) -> str:
        """Id of the deployment that its script makes."""
        return deployment_id(self.pb_id, self.script_name)


def deployment_id(pb_id: str, script_name: str) -> str:
    """Name the deployment of a processing block.

    Args:
        pb_id: id of the processing block.
        script_name: name of its script.

    Returns:
        A valid deployment id (spec 2.1), always the same for the same block.
    """
    name = re.sub(r"[^A-Za-z0-9-]", "-", f"proc-{pb_id}-{script_name}")
    if len(name) <= _LONGEST_ID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: _LONGEST_ID - len(digest) - 1]}-{digest}"


def find_circle(pb_id: str, depends_on: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Find out whether a processing block depends on itself, perhaps through others.

    Args:
        pb_id: id of the processing block.
        depends_on: gives the ids of the blocks that a block depends on.

    Returns:
        The ids from the block back to itself, or nothing.
    """
    paths: list[tuple[str, ...]] = [(pb_id,)]
    seen = {pb_id}
    while paths:
        path = paths.pop()
        for other in depends_on(path[-1]):
            if other == pb_id:
                return (*path, pb_id)
            if other not in seen:
                seen.add(other)
                paths.append((*path, other))
    return ()


def timestamp(now: datetime) -> str:
    """Write a time as states carry it in ``last_updated``.

    Args:
        now: a time with its zone.

    Returns:
        The time in UTC, such as ``2026-01-31 23:12:37``.
    """
    return now.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def last_updated_of(state: Mapping[str, Any]) -> datetime | None:
    """Read when a state was last written.

    Args:
        state: a state with ``last_updated`` as text or as seconds since 1970 (spec 2.1).

    Returns:
        The time in UTC, or None if the state does not tell.
    """
    value = state.get("last_updated")
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, timezone.utc)
        if not isinstance(value, str):
            return None
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
