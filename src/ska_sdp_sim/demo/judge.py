"""Judge an observation by what was heard of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.record import Record
from ska_sdp_sim.demo.steps import expected_obs_states

A_SECOND = 1.0


@dataclass(frozen=True)
class Verdict:
    """One thing that must hold.

    Attributes:
        about: What.
        good: Whether it does.
        detail: What was found.
    """

    about: str
    good: bool
    detail: str


@dataclass(frozen=True)
class Spell:
    """How long an obsState lasted, in seconds from event to event, as the device stamped them."""

    obs_state: str
    seconds: float


def spells(events: Sequence[Event]) -> list[Spell]:
    """The obsStates that have ended, in order."""
    changes = [event for event in events if event.attribute == "obsState"]
    return [Spell(str(one.value), other.stamped - one.stamped) for one, other in pairwise(changes)]


def judge(record: Record, events: Sequence[Event]) -> list[Verdict]:
    """Everything that must hold.

    Args:
        record: Of the observation.
        events: Of the subarray, in the order in which they came.
    """
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
    heard = [str(event.value) for event in events if event.attribute == "obsState"]
    detail = f"{len(heard)} events"
    if heard != expected:
        detail = f"heard {' '.join(heard)}, not {' '.join(expected)}"
    return Verdict("obsState events in order, none missing", heard == expected, detail)


def _lasting(record: Record, events: Sequence[Event]) -> Iterator[Verdict]:
    ended = spells(events)
    for obs_state in dict.fromkeys(state for step in record.steps for state in step.lasting):
        first = next((spell.seconds for spell in ended if spell.obs_state == obs_state), 0.0)
        yield Verdict(f"{obs_state} lasts a second", first >= A_SECOND, f"{first:.2f} s")


def _addresses(record: Record, events: Sequence[Event]) -> Iterator[Verdict]:
    addresses = record.addresses_at_idle
    lacking = [
        f"{scan_type}/{beam}"
        for scan_type in record.content.scan_types
        for beam in record.content.receive_beams
        if not addresses.get(scan_type, {}).get(beam, {}).get("host")
    ]
    detail = f"none for {', '.join(lacking)}" if lacking else f"{len(addresses)} scan types"
    yield Verdict("receive addresses readable at IDLE", not lacking, detail)
    names = [(event.attribute, event.value) for event in events if not event.first]
    idle = names.index(("obsState", "IDLE")) if ("obsState", "IDLE") in names else 0
    told = any(name == "receiveAddresses" and value != "{}" for name, value in names[:idle])
    yield Verdict("receive addresses told before IDLE", told, "yes" if told else "no")


def _scans(record: Record, events: Sequence[Event]) -> Verdict:
    wanted = [step.about for step in record.steps if step.command == "Scan"]
    told = [event for event in events if event.attribute == "scanID" and not event.first]
    heard = [str(event.value) for event in told if event.value != 0]
    return Verdict("scans told", heard == wanted, " ".join(heard) or "none")


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
