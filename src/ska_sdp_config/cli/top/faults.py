"""Lines on faults, those that end a FAULT first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from rich.cells import chop_cells
from rich.text import Text

from ska_sdp_config.cli.columns import Line, wrapped
from ska_sdp_config.cli.overview_lines import fault_lines as lines_of_fault
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.lmc.health import offline_component
from ska_sdp_config.lmc.overview import Overview
from ska_sdp_config.lmc.rows import FaultRow

__all__ = ["fault_lines", "to_text"]


def fault_lines(overview: Overview, selected: str | None, width: int) -> list[Text]:
    """Return the lines on each fault with its reason, and the commands that end it.

    The causes of FAULT come first, then the components that are missing, then the other faults.

    Args:
        overview: the system.
        selected: subarray to show before the others, None for none.
        width: width of the screen; no line is longer.
    """
    rows = sorted(overview.subarrays, key=lambda row: row.subarray_id != selected)
    devices = [(f"subarray {row.subarray_id}", row.faults) for row in rows]
    devices.append(("controller", overview.controller.faults))
    named = {offline_component(name).text for name in overview.missing}
    lines: list[Line] = []
    for device, faults in devices:
        lines += _of_device(device, [each for each in faults if each.way_out], width)
    if overview.missing:
        lines += wrapped(f"MISSING {', '.join(overview.missing)}", "yellow", width, "")
    for device, faults in devices:
        others = [each for each in faults if not each.way_out and each.text not in named]
        lines += _of_device(device, others, width)
    return [part for line in lines for part in _folded(to_text(line), width)]


def to_text(line: Line) -> Text:
    """Return a line of the screen as text, with control characters escaped."""
    return Text.assemble(*((one_line(text), style) for text, style in line))


def _of_device(device: str, faults: Sequence[FaultRow], width: int) -> Iterator[Line]:
    if faults:
        yield [(device, "bold")]
    for fault in faults:
        yield from lines_of_fault(fault, width)


def _folded(line: Text, width: int) -> list[Text]:
    """Return a line as lines of at most a width: a word, or its escapes, may be longer."""
    ends = list(accumulate(map(len, chop_cells(line.plain, max(1, width)))))
    return list(line.divide(ends[:-1]))
