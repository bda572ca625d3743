"""Snapshot of one processing block: everything that its next step depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ska_sdp_config.lmc.deployment_ids import deployment_id, script_deployment_id
from ska_sdp_config.lmc.statuses import PB_AT_WORK, PB_ENDED, eb_status

DONE = frozenset(PB_ENDED)
"""Final statuses of a processing block."""

AT_WORK = frozenset(PB_AT_WORK)
"""Statuses of a script at work."""


class Owner(Enum):
    """Owner of a processing block."""

    NOBODY = "nobody"
    THIS = "this process"
    OTHER = "another process"


@dataclass(frozen=True, slots=True)
class Block:
    """One processing block and its related entries, read at one revision.

    Attributes:
        kind: ``realtime`` or ``batch``.
        script: the script's key, ``kind:name:version``.
        script_image: image of the script's definition, None if there is no definition. Read only
            while the block has no status, and when its script creates the deployment.
        execution_block: content of its execution block, None if it does not exist.
        dependencies: status of each existing block that it depends on; an empty string for one
            without a state. Read only while it waits for resources.
        cycle: IDs along a dependency cycle, this block first and last; empty if there is none.
        receiver_is_done: whether the execution block takes its receive addresses from another
            block, and that one has ended or does not exist.
        script_deployment: whether the deployment that runs its script exists.
        deployment: whether the deployment that its script creates exists.
        deployment_running: whether all pods of that deployment are RUNNING.
        recorded: status of each existing deployment that its state records, RUNNING if all its
            pods are, else PENDING. Read only while its script is at work.
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
    cycle: tuple[str, ...] = ()
    receiver_is_done: bool = False
    script_deployment: bool = False
    deployment: bool = False
    deployment_running: bool = False
    recorded: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str | None:
        """The status in its state; None before the script has started.

        A value that is not a string, after an edit by hand, becomes an unknown status.
        """
        status = (self.state or {}).get("status")
        if status is None or isinstance(status, str):
            return status
        return f"not a string: {type(status)}"

    @property
    def execution_status(self) -> str:
        """ACTIVE, FINISHED or CANCELLED; any other value means ACTIVE."""
        return eb_status(self.execution_block or {})

    @property
    def script_deployment_id(self) -> str:
        """ID of the deployment that runs its script, which the processing controller creates."""
        return script_deployment_id(self.pb_id)

    @property
    def deployment_id(self) -> str:
        """ID of the deployment that its script creates."""
        return deployment_id(self.pb_id, self.script_name)


def find_cycle(pb_id: str, depends_on: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Return the dependency cycle that a processing block is part of.

    ``depends_on`` returns the IDs of the blocks that a block depends on.

    Returns:
        The IDs from the block back to itself; empty if there is no cycle.
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
