"""Tables of the live view: their columns, and the row of each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ska_sdp_config.cli.top.table import Cell, Column, Table
from ska_sdp_config.lmc.rows import SubarrayRow, deployment_row, flow_row, pb_row
from ska_sdp_config.lmc.states import Json

__all__ = [
    "DEPLOYMENTS",
    "KINDS",
    "LOG",
    "PBS",
    "REASON",
    "SINCE",
    "STATUS",
    "SUBARRAYS",
    "Kind",
    "log_table",
    "subarray_cells",
    "subarray_table",
]

SUBARRAYS = "subarrays"
PBS = "PBs"
DEPLOYMENTS = "deployments"
LOG = "log"

STATUS, SINCE, REASON = 1, 2, 3
"""Indices of the columns of each kind with the status, its age, and its reason."""


class Kind(NamedTuple):
    """Kind of objects that have a table of their own.

    Attributes:
        name: name of the table.
        root: path before the ID.
        columns: columns of the table.
        cells: returns the row of an object from its ID, its document, and that of its state.
    """

    name: str
    root: str
    columns: tuple[Column, ...]
    cells: Callable[[str, Json | None, Json | None], tuple[Cell, ...]]

    def table(self) -> Table:
        """Return an empty table."""
        return Table(self.columns, status=STATUS)


def _pb_cells(key: str, document: Json | None, state: Json | None) -> tuple[Cell, ...]:
    row = pb_row(key, document, state)
    return row.pb_id, row.status, row.last_updated, row.reason, row.eb_id, row.script


def _deployment_cells(key: str, document: Json | None, state: Json | None) -> tuple[Cell, ...]:
    row = deployment_row(key, document, state)
    return row.deployment_id, row.status, row.last_updated, row.reason, row.kind, row.chart


def _flow_cells(key: str, document: Json | None, state: Json | None) -> tuple[Cell, ...]:
    row = flow_row(key, document, state)
    return row.key, row.status, row.last_updated, row.reason, row.data_model


_REASON = Column("REASON", 24, stretches=True)
_AGE = Column("AGE", 6)

KINDS = (
    Kind(
        PBS,
        "/pb/",
        (
            Column("PB", 27),
            Column("STATUS", 10),
            _AGE,
            _REASON,
            Column("EB", 27),
            Column("SCRIPT", 30),
        ),
        _pb_cells,
    ),
    Kind(
        DEPLOYMENTS,
        "/deploy/",
        (
            Column("DEPLOYMENT", 34),
            Column("STATUS", 9),
            _AGE,
            _REASON,
            Column("KIND", 6),
            Column("CHART", 20),
        ),
        _deployment_cells,
    ),
    Kind(
        "flows",
        "/flow/",
        (
            Column("FLOW", 44),
            Column("STATUS", 10),
            _AGE,
            Column("REASON", 16, stretches=True),
            Column("MODEL", 20),
        ),
        _flow_cells,
    ),
)
"""Tables of the kinds of objects that have a document and a state."""


def subarray_table() -> Table:
    """Return an empty table of subarrays."""
    columns = (
        Column("ID", 3),
        Column("STATE", 7),
        Column("OBSSTATE", 12),
        Column("FOR", 6),
        Column("EB", 20, stretches=True),
        Column("PBS", 5),
        Column("SCAN", 5),
        Column("HEALTH", 8),
        Column("SCAN TYPE", 20),
    )
    return Table(columns, status=2)


def subarray_cells(row: SubarrayRow) -> tuple[Cell, ...]:
    """Return the row of a subarray in the table."""
    return (
        row.subarray_id,
        row.state.name,
        row.obs_state.name,
        row.since,
        row.eb_id,
        f"{row.pbs_done}/{row.pbs_total}" if row.pbs_total else None,
        row.scan_id,
        row.health.name,
        row.scan_type,
    )


def log_table() -> Table:
    """Return an empty log of changes, the newest first."""
    # The rows are sorted by the number, which does not fit a screen of 80 columns.
    columns = (
        Column("TIME", 8),
        Column("PATH", 34),
        Column("CHANGE", 36, stretches=True),
        Column("NUMBER", 8),
    )
    return Table(columns, sort=len(columns) - 1, descending=True)
