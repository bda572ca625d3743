"""Tables of ``list`` and headings of ``describe`` with derived states, reasons and ages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ska_sdp_config.cli.columns import Cell, Column, Line, layout, style_of
from ska_sdp_config.cli.objects import PB, SUBARRAY, SdpObject
from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.overview_lines import fault_lines, subarray_lines
from ska_sdp_config.cli.overview_reader import read_snapshots
from ska_sdp_config.lmc.rows import SubarrayRow, deployment_row, pb_row, subarray_row
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.times import age_text

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["fault_notes", "read_subarray_rows", "show_blocks", "show_subarrays"]

_PB_COLUMNS = (
    Column("KEY"),
    Column("STATUS"),
    Column("AGE"),
    Column("KIND", rank=3),
    Column("NAME", rank=1),
    Column("VERSION", rank=4),
    Column("EB", rank=2),
    Column("REASON", is_text=True),
)
_DEPLOYMENT_COLUMNS = (
    Column("KEY"),
    Column("STATUS"),
    Column("AGE"),
    Column("KIND", rank=2),
    Column("CHART", rank=1),
    Column("REASON", is_text=True),
)


def show_blocks(
    backend: Backend,
    kind: SdpObject,
    entries: Iterable[tuple[Entry, str | None]],
    out: Printer,
    prefix: str,
) -> None:
    """Print processing blocks, or deployments, with their status, reason and age.

    Below processing blocks are the subarrays in FAULT with the commands that end it.

    Args:
        backend: the database.
        kind: processing blocks or deployments.
        entries: the blocks, each with the text of its state.
        out: the printer.
        prefix: path before all paths of the system.
    """
    now = datetime.now(timezone.utc)
    columns, cells = (
        (_PB_COLUMNS, _pb_cells) if kind == PB else (_DEPLOYMENT_COLUMNS, _deployment_cells)
    )
    rows = (cells(entry, state, now) for entry, state in entries)
    out.lines(lambda width: layout(columns, rows, width, headed=not out.quiet))
    if kind == PB and not out.quiet:
        in_fault: list[SubarrayRow] = []
        for txn in backend.txn():
            in_fault = read_subarray_rows(txn, prefix)
        out.lines(lambda width: fault_notes(in_fault, width))


def show_subarrays(backend: Backend, out: Printer, prefix: str) -> None:
    """Print all subarrays with their derived states, and below each its faults."""
    rows: list[SubarrayRow] = []
    for txn in backend.txn():
        rows = read_subarray_rows(txn, prefix)
    names = {row.subarray_id: SUBARRAY.path(prefix, row.subarray_id) for row in rows}
    now = datetime.now(timezone.utc)
    out.lines(lambda width: subarray_lines(rows, now, width, names, quiet=out.quiet))


def read_subarray_rows(txn: Txn, prefix: str) -> list[SubarrayRow]:
    """Read the rows of all subarrays, by ID."""
    owners = {path for path, _ in txn.list_values(f"{prefix}/component/", [1])}
    return [
        subarray_row(each, f"{prefix}/component/lmc-subarray-{each.subarray_id}/owner" in owners)
        for each in read_snapshots(txn, prefix)
    ]


def fault_notes(rows: Iterable[SubarrayRow], width: int) -> Iterator[Line]:
    """Yield the causes of FAULT of each subarray, with the commands that end it."""
    for row in rows:
        causes = [fault for fault in row.faults if fault.way_out]
        if causes:
            yield [(f"Subarray {row.subarray_id} is in ", ""), ("FAULT", style_of("FAULT"))]
            for fault in causes:
                yield from fault_lines(fault, width)


def _pb_cells(entry: Entry, state: str | None, now: datetime) -> list[Cell]:
    document = read_document(entry.text)[0]
    row = pb_row(entry.path, document, read_document(state)[0])
    kind, name, version = (*row.script.split(":", 2), "", "", "")[:3]
    return [
        (row.pb_id, ""),
        (row.status, style_of(row.status)),
        (age_text(row.last_updated, now), ""),
        (kind, ""),
        (name, ""),
        (version, ""),
        (row.eb_id or "", ""),
        (" ".join(row.reason.split()), ""),
    ]


def _deployment_cells(entry: Entry, state: str | None, now: datetime) -> list[Cell]:
    document = read_document(entry.text)[0]
    row = deployment_row(entry.path, document, read_document(state)[0])
    return [
        (row.deployment_id, ""),
        (row.status, style_of(row.status)),
        (age_text(row.last_updated, now), ""),
        (row.kind, ""),
        (row.chart, ""),
        (row.reason, ""),
    ]
