"""Screen of ``ska-sdp status``: lines of the overview."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ska_sdp_config.cli.advice import way_out_of_block
from ska_sdp_config.cli.columns import Cell, Column, Line, layout, packed, style_of, wrapped
from ska_sdp_config.cli.database_status import DatabaseStatus
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.block_index import Row
from ska_sdp_config.lmc.overview import Blocks, Overview
from ska_sdp_config.lmc.rows import FaultRow, SubarrayRow, causes_of_fault
from ska_sdp_config.lmc.times import age_text, iso

__all__ = ["fault_lines", "overview_lines", "subarray_lines", "way_out_lines"]

MAX_COMMANDS = 5
"""Number of last commands to show."""

MAX_BLOCKS = 3
"""Number of waiting, and of failed, blocks to show."""

ARROW = "    → "
"""Text before the commands that end a fault or a failure."""

_SUBARRAY_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("OBSSTATE"),
    Column("FOR", rank=1),
    Column("PBS"),
    Column("SCAN", rank=2),
    Column("HEALTH"),
    Column("EB"),
)


def overview_lines(
    overview: Overview, database: DatabaseStatus, now: datetime, width: int, prefix: str = ""
) -> Iterator[Line]:
    """Yield the lines of the whole screen.

    Args:
        overview: the system.
        database: the database.
        now: the present time, UTC.
        width: width of the screen.
        prefix: path before all paths of the system, for the commands that end a failure.
    """
    controller = overview.controller
    yield [
        ("CONTROLLER  ", "bold"),
        _word(controller.state.name),
        (", health ", ""),
        _word(controller.health.name),
        ("" if controller.is_online else ", not online", "yellow"),
    ]
    for fault in _without_missing(controller.faults, overview):
        yield from fault_lines(fault, width)
    parts: list[Line] = [
        [("DATABASE    ", "bold"), _word(database.health.name)],
        *([(part, "")] for part in (*database.summary, f"revision {overview.revision}")),
        [(f"at {now:%H:%M:%S} UTC", "")],
    ]
    yield from packed(parts, width, ", ")
    for text in database.faults:
        yield from wrapped(text, style_of("FAILED"), width)
    if overview.missing:
        first, *more = ([(name, "yellow")] for name in overview.missing)
        yield from packed([[("MISSING     ", "yellow"), *first], *more], width, ", ")
    yield []
    if overview.subarrays:
        rows = [
            row._replace(faults=_without_missing(row.faults, overview))
            for row in overview.subarrays
        ]
        yield from subarray_lines(rows, now, width)
    else:
        yield [("There are no subarrays.", "")]
    yield []
    causes = causes_of_fault(overview.subarrays)
    yield from _block_lines("PROCESSING BLOCKS", overview.pbs, now, width, prefix, causes)
    yield from _block_lines("DEPLOYMENTS", overview.deployments, now, width, prefix, causes)
    yield []
    yield from _command_lines(overview, now, width)


def subarray_lines(
    rows: Sequence[SubarrayRow],
    now: datetime,
    width: int,
    names: Mapping[str, str] | None = None,
    *,
    quiet: bool = False,
) -> Iterator[Line]:
    """Yield the table of subarrays, with the faults of each below its row.

    Args:
        rows: the subarrays.
        now: the present time, UTC.
        width: width of the screen.
        names: keys to print instead of the IDs, by ID.
        quiet: whether to print only the rows, without the title, faults and offline devices.
    """
    columns = _SUBARRAY_COLUMNS if names is None else (Column("KEY"), *_SUBARRAY_COLUMNS[1:])
    cells = [_cells(row, now, (names or {}).get(row.subarray_id)) for row in rows]
    table = layout(columns, cells, width)
    title = next(table)
    if quiet:
        yield from table
        return
    yield title
    for row, line in zip(rows, table, strict=True):
        yield line
        if names is not None and not row.is_online:
            yield from wrapped("Its device is OFFLINE", style_of("DEGRADED"), width)
        for fault in row.faults:
            yield from fault_lines(fault, width)


def _without_missing(faults: Sequence[FaultRow], overview: Overview) -> tuple[FaultRow, ...]:
    """Return the faults, with a single one for all components that MISSING lists."""
    named = set(map(paths.component, overview.missing))
    others = tuple(fault for fault in faults if fault.about not in named)
    count = len(faults) - len(others)
    if not count:
        return others
    subject = "A component is" if count == 1 else "Components are"
    return (*others, FaultRow(f"{subject} OFFLINE: see MISSING", None))


def fault_lines(fault: FaultRow, width: int) -> Iterator[Line]:
    """Yield the lines of a fault with its reason, and the commands that end it."""
    since = f", since {iso(fault.since)}" if fault.since else ""
    style = style_of("FAULT" if fault.way_out else "DEGRADED")
    yield from wrapped(f"{' '.join(fault.text.split())}{since}", style, width)
    if fault.way_out:
        yield from way_out_lines(fault.way_out, width)


def way_out_lines(way_out: str, width: int) -> Iterator[Line]:
    """Yield the lines of the commands that end a fault or a failure, after an arrow."""
    for number, line in enumerate(wrapped(way_out, "bold", width, " " * len(ARROW))):
        yield line if number else [(ARROW, ""), *line[1:]]


def _cells(row: SubarrayRow, now: datetime, name: str | None) -> list[Cell]:
    return [
        (name or row.subarray_id, ""),
        _word(row.state.name),
        _word(row.obs_state.name),
        (age_text(row.since, now) or "-", ""),
        (f"{row.pbs_done}/{row.pbs_total}", ""),
        ("-" if row.scan_id is None else str(row.scan_id), ""),
        _word(row.health.name),
        (row.eb_id or "-", ""),
    ]


def _block_lines(
    title: str, blocks: Blocks, now: datetime, width: int, prefix: str, causes: Collection[str]
) -> Iterator[Line]:
    """Yield the numbers by status; the newest failures but causes of FAULT; those that wait."""
    counts = sorted(blocks.counts.items(), key=lambda item: (-item[1], item[0]))
    numbers: list[Line] = [[_word(status), (f" {count}", "")] for status, count in counts]
    yield from packed([[(title, "bold")], *(numbers or [[("none", "")]])], width, "  ")
    ways_out = [(row, way_out_of_block(row, prefix, causes)) for row in blocks.failed]
    failed = [(row, way_out) for row, way_out in ways_out if way_out]
    for row, way_out in failed[:MAX_BLOCKS]:
        yield from _named(row, now, width)
        yield from way_out_lines(way_out, width)
    yield from _more(len(failed))
    for row in blocks.waiting[:MAX_BLOCKS]:
        yield from _named(row, now, width)
    yield from _more(len(blocks.waiting))


def _named(row: Row, now: datetime, width: int) -> Iterator[Line]:
    age = age_text(row.last_updated, now)
    status = f"{row.status}{f' for {age}' if age else ''}"
    reason = f": {' '.join(row.reason.split())}" if row.reason else ""
    yield from wrapped(f"{row[0]} {status}{reason}", style_of(row.status), width)


def _more(count: int) -> Iterator[Line]:
    if count > MAX_BLOCKS:
        yield [(f"    and {count - MAX_BLOCKS} more", "")]


def _command_lines(overview: Overview, now: datetime, width: int) -> Iterator[Line]:
    if not overview.commands:
        yield [("There was no command yet.", "")]
        return
    rows: Iterable[list[Cell]] = (
        [
            (age_text(row.time, now) or "-", ""),
            (row.device, ""),
            (row.command, ""),
            (row.transaction_id or "-", ""),
        ]
        for row in overview.commands[:MAX_COMMANDS]
    )
    columns = (Column("AGO"), Column("DEVICE"), Column("LAST COMMAND"), Column("TRANSACTION ID"))
    yield from layout(columns, rows, width)


def _word(word: str) -> Cell:
    return word, style_of(word)
