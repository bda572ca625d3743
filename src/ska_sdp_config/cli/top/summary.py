"""Lines above the tables: the controller, the database, and counts."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from ska_sdp_config.cli.columns import style_of
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.table import Table
from ska_sdp_config.cli.top.views import KINDS, SUBARRAYS
from ska_sdp_config.lmc.health import Outage
from ska_sdp_config.lmc.times import age_text, iso

__all__ = ["counts_lines", "state_line"]


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


def _coloured(word: str) -> Text:
    return Text(one_line(word), style_of(word))
