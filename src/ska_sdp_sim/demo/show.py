"""Terminal output of the demo."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from ska_sdp_sim.demo.brief import brief, short_id
from ska_sdp_sim.demo.event import Event, Value
from ska_sdp_sim.demo.judge import Verdict, state_durations
from ska_sdp_sim.demo.steps import Record, Step

_DEFAULT_WIDTH = 80


def make_console() -> Console:
    """Return a console of the terminal's width, or of a fixed width without a terminal."""
    terminal = Console().is_terminal
    return Console(highlight=False, markup=False, width=None if terminal else _DEFAULT_WIDTH)


class EventLog:
    """Prints one line for each event."""

    def __init__(self, console: Console, began: float) -> None:
        self._console = console
        self._began = began
        self._values: dict[tuple[str, str], Value] = {}

    def heading(self) -> None:
        """Print the column headings."""
        self._console.print("s: time since the start; ms: from the device to this client")
        self._line("s", "ms", "attribute", "value", style="underline")

    def step(self, step: Step) -> None:
        """Print a command."""
        self._console.print(f"▶ {step.command} {step.about}".rstrip(), style="bold")

    def event(self, event: Event) -> None:
        """Print an event."""
        before = self._values.get((event.device, event.attribute))
        self._values[event.device, event.attribute] = event.value
        if event.error is None:
            value = brief(event.attribute, event.value, before)
        else:
            value = f"error: {event.error}"
        self._line(
            self._since_start(),
            "first" if event.first else f"{event.latency * 1e3:.2f}",
            _name(event),
            value,
            style="red" if event.error else "cyan" if event.attribute == "obsState" else None,
        )

    def processing(self, pb_id: str, status: str) -> None:
        """Print the status of a processing block."""
        self._line(self._since_start(), "", "processing block", f"{short_id(pb_id)} {status}")

    def _since_start(self) -> str:
        return f"{time.monotonic() - self._began:.3f}"

    def _line(
        self, since: str, latency: str, name: str, value: str, style: str | None = None
    ) -> None:
        self._console.print(
            f"{since:>6}  {latency:>6}  {name:<19} {value}",
            style=style,
            no_wrap=True,
            overflow="ellipsis",
        )


def _name(event: Event) -> str:
    """Return the name of the attribute, for the controller with the device."""
    kind = event.device.split("/")[1]
    return event.attribute if kind == "subarray" else f"{kind}.{event.attribute}"


def show_summary(
    console: Console, record: Record, events: Sequence[Event], verdicts: Sequence[Verdict]
) -> None:
    """Print the commands, the latencies and the results of the checks."""
    console.print()
    console.print(_commands(record, events))
    console.print(_latencies(events))
    for verdict in verdicts:
        mark, style = ("✓", "green") if verdict.good else ("✗", "bold red")
        console.print(f"{mark} {verdict.about}: {verdict.detail}", style=style)


def _commands(record: Record, events: Sequence[Event]) -> Table:
    table = Table(title="Commands", title_justify="left")
    table.add_column("command")
    table.add_column("returned after", justify="right")
    table.add_column("obsState, for how long")
    lengths = iter([f"{state.seconds:.2f} s" for state in state_durations(events)[1:]])
    for taken in record.taken:
        path = "  ".join(f"{state} {next(lengths, '')}" for state in taken.step.obs_states)
        # The ID of the execution block is in the log above, and too long for a line.
        about = "" if taken.step.about == record.content.eb_id else taken.step.about
        command = f"{taken.step.command} {about}".rstrip()
        table.add_row(command, f"{taken.lasted * 1e3:.1f} ms", path)
    return table


def _latencies(events: Sequence[Event]) -> str:
    waits = sorted(event.latency * 1e3 for event in events if not event.first)
    if not waits:
        return "No events were received."
    return (
        f"{len(waits)} events; from the device's time stamp to the subscriber "
        f"{median(waits):.2f} ms (median), {waits[-1]:.2f} ms (longest)"
    )
