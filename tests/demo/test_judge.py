"""Checks of the demo: a good observation passes, each fault is detected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.event import Event, Value
from ska_sdp_sim.demo.judge import judge, state_durations
from ska_sdp_sim.demo.steps import Record, expected_obs_states, observation

Events = list[Event]
Change = Callable[[Record, Events], Events | None]


def event(attribute: str, value: Value, at: float, *, first: bool = False) -> Event:
    return Event("test-sdp/subarray/01", attribute, value, at - 0.001, at, first)


def good() -> tuple[Record, Events]:
    content = Content.new()
    record = Record(content, observation(content))
    record.addresses_at_idle = {
        scan_type: {beam: {"host": [[0, "h"]]} for beam in content.receive_beams}
        for scan_type in content.scan_types
    }
    blocks = [*content.pb_ids("realtime"), *content.pb_ids("batch")]
    record.processing = dict.fromkeys(blocks, "FINISHED")
    events = [event("receiveAddresses", "{}", 0.0, first=True)]
    for number, state in enumerate(expected_obs_states(record.steps)):
        at = 1.1 * number
        if state == "IDLE":
            events.append(event("receiveAddresses", '{"target": {}}', at))
        if state == "SCANNING":
            events.append(event("scanID", sum(e.value == "SCANNING" for e in events) + 1, at))
        if state == "READY":
            events.append(event("scanID", 0, at))
        events.append(event("obsState", state, at, first=number == 0))
    return record, events


def faults(record: Record, events: Events) -> list[str]:
    return [verdict.about for verdict in judge(record, events) if not verdict.good]


def test_good_observation_passes_all_checks() -> None:
    assert faults(*good()) == []


def test_expected_obs_states_cover_all_steps() -> None:
    scan = ["SCANNING", "READY"]
    assert expected_obs_states(observation(Content.new())) == [
        *["EMPTY", "RESOURCING", "IDLE", "CONFIGURING", "READY", *scan, *scan],
        *["CONFIGURING", "READY", *scan, "IDLE", "RESOURCING", "EMPTY"],
    ]


def test_late_receipt_does_not_change_a_duration() -> None:
    record, events = good()
    late = [
        replace(one, received=one.received + 0.9) if one.value == "RESOURCING" else one
        for one in events
    ]
    assert faults(record, late) == []


def indices(events: Events, attribute: str) -> list[int]:
    return [number for number, event in enumerate(events) if event.attribute == attribute]


@given(st.data())
def test_missing_repeated_or_swapped_obs_state_is_detected(data: st.DataObject) -> None:
    record, events = good()
    numbers = indices(events, "obsState")
    position = data.draw(st.integers(0, len(numbers) - 2))
    here, there = numbers[position], numbers[position + 1]
    match data.draw(st.sampled_from(["missing", "repeated", "swapped"])):
        case "missing":
            del events[here]
        case "repeated":
            events.insert(here, events[here])
        case _:
            events[here], events[there] = events[there], events[here]
    assert "obsState events in order, none missing" in faults(record, events)


def late_addresses(_: Record, events: Events) -> Events:
    published = indices(events, "receiveAddresses")[1]
    return [*events[:published], *events[published + 1 :], events[published]]


def no_addresses(record: Record, _: Events) -> None:
    del record.addresses_at_idle[record.content.scan_types[0]]["vis0"]["host"]


def quick(_: Record, events: Events) -> Events:
    return [replace(one, stamped=one.stamped / 2) for one in events]


def lost_scan(_: Record, events: Events) -> Events:
    return [one for one in events if (one.attribute, one.value) != ("scanID", 2)]


def failed_block(record: Record, _: Events) -> None:
    record.processing[record.content.pb_ids("batch")[-1]] = "FAILED"


def missing_block(record: Record, _: Events) -> None:
    del record.processing[record.content.pb_ids("realtime")[0]]


def error(_: Record, events: Events) -> Events:
    return [*events, replace(events[0], value=None, error="timed out")]


@pytest.mark.parametrize(
    ("change", "detected"),
    [
        (late_addresses, ["receive addresses published before IDLE"]),
        (no_addresses, ["receive addresses readable at IDLE"]),
        (quick, ["RESOURCING lasts a second", "CONFIGURING lasts a second"]),
        (lost_scan, ["scanID events for all scans"]),
        (failed_block, ["processing blocks finish"]),
        (missing_block, ["processing blocks finish"]),
        (error, ["no event is an error"]),
    ],
)
def test_fault_is_detected(change: Change, detected: list[str]) -> None:
    record, events = good()
    changed = change(record, events)
    assert faults(record, events if changed is None else changed) == detected


def test_no_events_fail_the_checks() -> None:
    record, _ = good()
    assert len(faults(record, [])) == 5


def test_state_durations_are_measured_between_events() -> None:
    events = [event("obsState", "A", 1.0), event("scanID", 1, 2.0), event("obsState", "B", 4.0)]
    assert [(state.obs_state, state.seconds) for state in state_durations(events)] == [("A", 3.0)]
