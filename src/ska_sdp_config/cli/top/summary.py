"""Lines above and below the tables: the controller, the database, counts, and faults."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from ska_sdp_config.cli.columns import Line, style_of
from ska_sdp_config.cli.overview_lines import fault_lines as lines_of_fault
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.table import Table
from ska_sdp_config.cli.top.views import KINDS, SUBARRAYS
from ska_sdp_config.lmc.health import Outage
from ska_sdp_config.lmc.overview import Overview
from ska_sdp_config.lmc.times import age_text, iso

__all__ = ["counts_lines", "fault_lines", "state_line", "to_text"]


def state_line(model: Model, address: str, outage: Outage | None, now: datetime) -> Text:
    """Return the line on the controller and the connection to the database.

    Args:
        model: the model.
        address: address of the database.
        outage: the present outage, None if the database responds.
        now: the time.
    """
    line = Text("controller ")
    if model.overview is not None:
        controller = model.overview.controller
        line.append_text(_coloured(controller.state.name)).append(" ")
        line.append_text(_coloured(controller.health.name))
        line.append("" if controller.is_online else ", not online", "yellow")
    line.append("  database ")
    if outage is not None:
        line.append(f"{one_line(address)} does not respond since {iso(outage.since)}", "bold red")
        line.append(f" ({age_text(outage.since, now)}): the values are of then", "bold red")
    elif not model.revision:
        line.append(f"{one_line(address)}: reading…")
    else:
        line.append(f"{one_line(address)} connected", "green")
    return line


def counts_lines(model: Model) -> Text:
    """Return two lines with the number of objects of each status, the most frequent first."""
    subarrays, pbs, deployments, flows = (
        _counts(name, model.tables[name]) for name in (SUBARRAYS, *(kind.name for kind in KINDS))
    )
    return Text.assemble(subarrays, "   ", pbs, "\n", deployments, "   ", flows)


def _counts(name: str, table: Table) -> Text:
    by_count = sorted(table.counts.items(), key=lambda item: (-item[1], item[0]))
    counts = Text(", ").join(
        Text.assemble(f"{count} ", _coloured(status)) for status, count in by_count
    )
    return Text.assemble(f"{name} {table.total}", ": " if counts else "", counts)


def fault_lines(overview: Overview, width: int) -> list[Text]:
    """Return the lines on each fault with its reason, and the commands that end it."""
    lines = []
    if overview.missing:
        lines.append(Text(f"MISSING {one_line(', '.join(overview.missing))}", "yellow"))
    of_devices = [("controller", overview.controller.faults)]
    of_devices += [(f"subarray {row.subarray_id}", row.faults) for row in overview.subarrays]
    for device, faults in of_devices:
        if faults:
            lines.append(Text(one_line(device), "bold"))
        lines += [to_text(line) for fault in faults for line in lines_of_fault(fault, width)]
    return lines


def to_text(line: Line) -> Text:
    """Return a line of the screen as text, with control characters escaped."""
    return Text.assemble(*((one_line(text), style) for text, style in line))


def _coloured(word: str) -> Text:
    return Text(one_line(word), style_of(word))
