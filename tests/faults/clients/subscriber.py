"""Tango client that records the events of a subarray."""

from __future__ import annotations

import sys
from functools import partial

from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.listener import Listener
from tests.faults.clients.program import parser, start
from tests.faults.clients.sending import subarray_id
from tests.faults.history import HistoryWriter

ATTRIBUTES = ("obsState", "scanID", "healthState")

READY_WITHIN_S = 60.0

CHECK_INTERVAL_S = 0.5
"""Seconds between two checks of whether the subscriber runs."""


def write(history: HistoryWriter, event: Event) -> None:
    """Record an event."""
    history.note(
        "event",
        subarray=subarray_id(event.device),
        attribute=event.attribute,
        value=event.value,
        stamped=event.stamped,
        received=event.received,
        first=event.first,
        error=event.error,
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--device", required=True, help="resource locator of the subarray")
    options = arguments.parse_args()
    _, history, _, stop = start(options)
    with history:
        subjects = {options.device: ATTRIBUTES}
        with Listener(subjects, partial(write, history)) as listener:
            listener.wait_ready(READY_WITHIN_S)
            history.note(
                "subscribed",
                subarray=subarray_id(options.device),
                attributes=ATTRIBUTES,
            )
            while not stop.wait(CHECK_INTERVAL_S):
                if not listener.is_running:
                    sys.exit("the subscriber has ended by itself: see its message above")
            # Before the subscription ends: events are due until then.
            history.note("ended")


if __name__ == "__main__":
    main()
