"""Checks of an observation by the events received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.steps import Record, expected_obs_states

MIN_DURATION_S = 1.0


@dataclass(frozen=True)
class Verdict:
    """Result of one check: the expectation, whether it is met, and the values found."""

    about: str
    good: bool
    detail: str


@dataclass(frozen=True)
class StateDuration:
    """Duration of an obsState in seconds, between the device's timestamps of two events."""

    obs_state: str
    seconds: float


def state_durations(events: Sequence[Event]) -> list[StateDuration]:
    """Return the durations of the obsStates that have ended, in order."""
    changes = [event for event in events if event.attribute == "obsState"]
    return [StateDuration(str(a.value), b.stamped - a.stamped) for a, b in pairwise(changes)]


def judge(record: Record, events: Sequence[Event]) -> list[Verdict]:
    """Run all checks on the events of the subarray, in the order received."""
    return [
        _order(record, events),
        *_lasting(record, events),
        *_addresses(record, events),
        _scans(record, events),
        _processing(record),
        _errors(events),
    ]


def _order(record: Record, events: Sequence[Event]) -> Verdict:
    expected = expected_obs_states(record.steps)
    received = [str(event.value) for event in events if event.attribute == "obsState"]
    detail = f"{len(received)} events"
    if received != expected:
        detail = f"received {' '.join(received)}, expected {' '.join(expected)}"
    return Verdict("obsState events in order, none missing", received == expected, detail)


def _lasting(record: Record, events: Sequence[Event]) -> Iterator[Verdict]:
    ended = state_durations(events)
    for obs_state in dict.fromkeys(state for step in record.steps for state in step.lasting):
        first = next((state.seconds for state in ended if state.obs_state == obs_state), 0.0)
        yield Verdict(f"{obs_state} lasts a second", first >= MIN_DURATION_S, f"{first:.2f} s")


def _addresses(record: Record, events: Sequence[Event]) -> Iterator[Verdict]:
    addresses = record.addresses_at_idle
    missing = [
        f"{scan_type}/{beam}"
        for scan_type in record.content.scan_types
        for beam in record.content.receive_beams
        if not addresses.get(scan_type, {}).get(beam, {}).get("host")
    ]
    detail = f"none for {', '.join(missing)}" if missing else f"{len(addresses)} scan types"
    yield Verdict("receive addresses readable at IDLE", not missing, detail)
    names = [(event.attribute, event.value) for event in events if not event.first]
    idle = names.index(("obsState", "IDLE")) if ("obsState", "IDLE") in names else 0
    published = any(name == "receiveAddresses" and value != "{}" for name, value in names[:idle])
    yield Verdict(
        "receive addresses published before IDLE", published, "yes" if published else "no"
    )


def _scans(record: Record, events: Sequence[Event]) -> Verdict:
    expected = [step.about for step in record.steps if step.command == "Scan"]
    events = [event for event in events if event.attribute == "scanID" and not event.first]
    received = [str(event.value) for event in events if event.value != 0]
    return Verdict(
        "scanID events for all scans", received == expected, " ".join(received) or "none"
    )


def _processing(record: Record) -> Verdict:
    wanted = [*record.content.pb_ids("realtime"), *record.content.pb_ids("batch")]
    others = {
        pb_id: record.processing.get(pb_id, "not there")
        for pb_id in wanted
        if record.processing.get(pb_id) != "FINISHED"
    }
    detail = ", ".join(f"{pb_id} {status}" for pb_id, status in others.items())
    return Verdict("processing blocks finish", not others, detail or f"all {len(wanted)}")


def _errors(events: Sequence[Event]) -> Verdict:
    errors = [f"{event.attribute}: {event.error}" for event in events if event.error]
    return Verdict("no event is an error", not errors, "; ".join(errors) or "none")
