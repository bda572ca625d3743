"""Periods in which subscribers may show other values than the database implies."""

from __future__ import annotations

import math
from typing import Any

from tests.faults.check import NOT_SHOWN, OUTAGE_S, excused
from tests.faults.history import NEVER, Operation, Outcome, Time


def operation(
    began: float, ended: float, outcome: Outcome = "ok", kind: str = "append", **details: Any
) -> Operation:
    end = NEVER if outcome == "unknown" else Time(ended, ended)
    return Operation("one-1", 0, kind, Time(began, began), end, outcome, details=details)


def test_start_and_faults_of_devices_are_excused() -> None:
    history = [
        operation(1, 2, kind="fault", fault="leader killed"),
        operation(3, 4, "failed", kind="fault", fault="leader paused"),
        *(operation(5, 6, kind="fault", fault=name) for name in NOT_SHOWN),
    ]
    assert excused(history) == [(-math.inf, 1), (1, 2)]


def test_names_of_faults_that_are_not_shown_exist() -> None:
    assert set(NOT_SHOWN) == {
        "client killed",
        "client paused",
        "compaction every 200 ms",
        "Tango database killed",
        "Tango database suspended",
        "simulator killed",
        "simulator suspended",
    }


def test_time_without_an_answer_is_an_outage() -> None:
    history = [operation(0, 1), operation(2, 5, "unknown"), operation(3, 7), operation(8, 9)]
    assert excused(history) == [(1, 7)]


def test_pause_without_a_request_is_no_outage() -> None:
    assert excused([operation(0, 1), operation(30, 31)]) == []


def test_operation_of_a_killed_client_does_not_wait() -> None:
    history = [
        operation(0, 1),
        operation(2, 5, "unknown"),
        operation(3, 3, kind="killed", name="one-1"),
        operation(30, 31),
    ]
    assert excused(history) == []
    history[2].details["name"] = "two-1"
    assert excused(history) == [(1, 31)]


def test_short_time_without_an_answer_is_no_outage() -> None:
    assert excused([operation(0, 1), operation(1, 1 + OUTAGE_S)]) == []
