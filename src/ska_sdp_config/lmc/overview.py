"""Overview of the whole system for operators, from its documents at one revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.block_index import Row
from ska_sdp_config.lmc.blocks import has_kind
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.health import health
from ska_sdp_config.lmc.rows import (
    CommandRow,
    FaultRow,
    SubarrayRow,
    command_rows,
    fault_rows,
    subarray_row,
)
from ska_sdp_config.lmc.settings import ModelSettings, read_settings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import HealthState, Json, ObsState, State
from ska_sdp_config.lmc.statuses import EB_ENDED, PB_AT_WORK, PB_ENDED, eb_status
from ska_sdp_config.lmc.system import System, derive_system

__all__ = [
    "Blocks",
    "ControllerRow",
    "Overview",
    "expected_components",
    "is_open_failure",
    "make_overview",
    "sort_blocks",
]

CONTROLLER_COMPONENT = "lmc-controller"


class ControllerRow(NamedTuple):
    """Row of the controller.

    Attributes:
        state: State of the device.
        health: healthState, as far as the database shows it.
        faults: its faults.
        is_online: whether the device is alive.
    """

    state: State
    health: HealthState
    faults: tuple[FaultRow, ...]
    is_online: bool


@dataclass(frozen=True, slots=True)
class Blocks:
    """Processing blocks or deployments.

    Attributes:
        counts: number by status.
        waiting: those that neither work nor have ended, the oldest first.
        failed: those whose failure is open, the newest first; see ``is_open_failure``.
    """

    counts: Mapping[str, int]
    waiting: tuple[Row, ...]
    failed: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Overview of the whole system.

    Attributes:
        revision: revision of the database.
        controller: row of the controller.
        subarrays: rows of the subarrays by ID.
        missing: names of the components that are expected and not alive.
        pbs: processing blocks.
        deployments: deployments.
        commands: last command of each device, the newest first.
    """

    revision: int
    controller: ControllerRow
    subarrays: tuple[SubarrayRow, ...]
    missing: tuple[str, ...]
    pbs: Blocks
    deployments: Blocks
    commands: tuple[CommandRow, ...]

    @property
    def is_failed(self) -> bool:
        """Whether a subarray is in FAULT, or a failure of a block or deployment is open."""
        in_fault = any(row.obs_state is ObsState.FAULT for row in self.subarrays)
        return in_fault or bool(self.pbs.failed) or bool(self.deployments.failed)


def make_overview(
    revision: int,
    documents: Mapping[str, Json],
    unreadable: tuple[str, ...],
    snapshots: Iterable[Snapshot],
    pbs: Blocks,
    deployments: Blocks,
) -> Overview:
    """Derive the overview.

    Args:
        revision: revision of the database.
        documents: the controller's entry and all owners of components, by path.
        unreadable: paths of these whose text is not a JSON object.
        snapshots: snapshots of all subarrays.
        pbs: processing blocks.
        deployments: deployments.
    """
    snapshots = sorted(snapshots, key=lambda each: each.subarray_id)
    subarrays = tuple(
        subarray_row(
            each, paths.component(paths.component_of_subarray(each.subarray_id)) in documents
        )
        for each in snapshots
    )
    expected = expected_components(snapshots)
    system = System(revision, documents, unreadable)
    view = derive_system(system, ModelSettings(components=expected))
    controller = ControllerRow(
        view.state,
        health(view.faults, None),
        fault_rows(view.faults or ()),
        paths.component(CONTROLLER_COMPONENT) in documents,
    )
    devices = [
        CONTROLLER_COMPONENT,
        *(paths.component_of_subarray(each.subarray_id) for each in snapshots),
    ]
    entry = ControllerEntry.read(documents.get(paths.CONTROLLER))
    return Overview(
        revision,
        controller,
        subarrays,
        tuple(each for each in (*expected, *devices) if paths.component(each) not in documents),
        pbs,
        deployments,
        tuple(command_rows(entry, subarrays)),
    )


def sort_blocks(counts: Mapping[str, int], rows: Iterable[Row]) -> Blocks:
    """Return the blocks with those that wait and those that failed in order.

    Args:
        counts: number by status.
        rows: rows of the blocks that have not ended, and of those whose failure is open.
    """
    rows = list(rows)
    waiting = [row for row in rows if row.status not in (*PB_ENDED, *PB_AT_WORK)]
    failed = [row for row in rows if row.status == "FAILED"]
    return Blocks(
        counts,
        tuple(sorted(waiting, key=_age_key)),
        tuple(sorted(failed, key=_age_key, reverse=True)),
    )


def is_open_failure(pb: Json | None, eb: Json | None, *, is_acknowledged: bool) -> bool:
    """Return whether a FAILED processing block still requires attention.

    It does not once ObsReset has acknowledged it, or its execution block was cancelled, as by
    Restart. The failure of a real-time block is over with the observation.

    Args:
        pb: the block, None if it is missing.
        eb: its execution block, None if it has none or that is missing.
        is_acknowledged: whether the subarray has acknowledged the failure.
    """
    if is_acknowledged:
        return False
    if eb is None:
        return True
    status = eb_status(eb)
    is_over = status in EB_ENDED and has_kind(pb or {}, "realtime")
    return status != "CANCELLED" and not is_over


def expected_components(snapshots: Iterable[Snapshot]) -> tuple[str, ...]:
    """Return the components that the subarrays require; the default without subarrays."""
    required = [read_settings(each.entry.settings).required_components for each in snapshots]
    if not required:
        return ModelSettings().components
    return tuple(dict.fromkeys(name for names in required for name in names))


def _age_key(row: Row) -> tuple[float, str]:
    since = row.last_updated
    return (since.timestamp() if since else 0.0, row[0])
