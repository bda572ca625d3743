"""Lines on faults, the causes of FAULT first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from rich.cells import chop_cells
from rich.text import Text

from ska_sdp_config.cli.advice import way_out_of_deployment, way_out_of_pb
from ska_sdp_config.cli.columns import Line, style_of, wrapped
from ska_sdp_config.cli.overview_lines import fault_lines as lines_of_fault
from ska_sdp_config.cli.overview_lines import way_out_lines
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.views import DEPLOYMENTS, PBS, REASON, STATUS
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.overview import Overview
from ska_sdp_config.lmc.rows import FaultRow

__all__ = ["fault_lines", "reason_lines", "to_text"]


def fault_lines(overview: Overview, selected: str | None, width: int) -> list[Text]:
    """Return the lines on each fault with its reason, and the commands that end it.

    The causes of FAULT come first, then the components that are missing, then the other faults.

    Args:
        overview: the system.
        selected: ID of the subarray to show first, None for the order of the IDs.
        width: width of the screen; no line is longer.
    """
    rows = sorted(overview.subarrays, key=lambda row: row.subarray_id != selected)
    devices = [(f"subarray {row.subarray_id}", row.faults) for row in rows]
    devices.append(("controller", overview.controller.faults))
    named = set(map(paths.component, overview.missing))
    lines: list[Line] = []
    for device, faults in devices:
        lines += _of_device(device, [each for each in faults if each.way_out], width)
    if overview.missing:
        lines += wrapped(f"MISSING {', '.join(overview.missing)}", "yellow", width, "")
    for device, faults in devices:
        others = [each for each in faults if not each.way_out and each.about not in named]
        lines += _of_device(device, others, width)
    return _texts(lines, width)


def reason_lines(model: Model, name: str, key: str, width: int) -> list[Text]:
    """Return the lines on the failure of an object, none without a failure.

    They are its reason, and for a processing block that put its subarray in FAULT the commands
    that end it. Another open failure is followed by the command that ends it.

    Args:
        model: the model.
        name: name of the table, of a kind of objects.
        key: key of the row.
        width: width of the screen; no line is longer.
    """
    row = model.tables[name].row(key)
    if row is None:
        return []
    status, reason = str(row[STATUS]), str(row[REASON])
    lines = list(wrapped(reason, style_of(status), width)) if reason else []
    causes: list[Line] = []
    if name == PBS and model.overview is not None:
        path = paths.processing_block(key)
        for each in model.overview.subarrays:
            faults = [fault for fault in each.faults if fault.way_out and fault.about == path]
            causes += _of_device(f"subarray {each.subarray_id}", faults, width)
    lines += causes
    if status == "FAILED" and not causes and (way_out := _way_out(model, name, key)):
        lines += way_out_lines(way_out, width)
    return _texts(lines, width)


def to_text(line: Line) -> Text:
    """Return a line of the screen as text, with control characters escaped."""
    return Text.assemble(*((one_line(text), style) for text, style in line))


def _way_out(model: Model, name: str, key: str) -> str:
    """Return the command that ends the failure of an object, empty if it is not open."""
    if name == DEPLOYMENTS:
        return way_out_of_deployment(key, model.prefix)
    if name == PBS and model.has_open_failure(key):
        return way_out_of_pb(key, model.prefix)
    return ""


def _of_device(device: str, faults: Sequence[FaultRow], width: int) -> Iterator[Line]:
    if faults:
        yield [(device, "bold")]
    for fault in faults:
        yield from lines_of_fault(fault, width)


def _texts(lines: Iterable[Line], width: int) -> list[Text]:
    return [part for line in lines for part in _folded(to_text(line), width)]


def _folded(line: Text, width: int) -> list[Text]:
    """Return a line as lines of at most a width: a word, or its escapes, may be longer."""
    ends = list(accumulate(map(len, chop_cells(line.plain, max(1, width)))))
    return list(line.divide(ends[:-1]))
