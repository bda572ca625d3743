"""Recovery times."""

from __future__ import annotations

import math

import pytest

from tests.faults.checkers.recovery import recoveries, table
from tests.faults.history import Operation
from tests.faults.operations import operation


def fault(began: float, ended: float, name: str = "kill") -> Operation:
    return operation("nemesis", "fault", began, ended, fault=name)


def test_recovery_ends_with_the_first_answer_after_the_fault() -> None:
    history = [
        operation("one", "read", 0, 1),
        fault(2, 10),
        operation("one", "read", 3, 12),
        operation("one", "read", 12, 13),
    ]
    (found,) = recoveries(history)
    assert found == ("kill", "one", 1, 2, 2, 2)


def test_close_of_a_client_is_no_recovery() -> None:
    history = [
        fault(2, 10),
        *(operation("one", kind, 11, 12) for kind in ("closing", "closed")),
        operation("clients", "started", 11, 11, name="two"),
        operation("nemesis", "rest", 11, 12),
    ]
    (found,) = recoveries(history)
    assert (found.program, found.most) == ("one", math.inf)


def test_fault_that_did_not_begin_does_not_count() -> None:
    failed = operation("nemesis", "fault", 2, 10, "failed", fault="kill")
    assert recoveries([failed, operation("one", "read", 11, 12)]) == []


def test_failures_and_beliefs_are_no_recovery() -> None:
    history = [
        fault(2, 10),
        operation("one", "read", 11, 12, "failed"),
        operation("one", "belief", 11, 13),
        operation("one", "read", 11, 14, "unknown"),
        operation("one", "read", 14, 16),
        operation("two-1", "read", 11, 12),
        operation("two-2", "read", 11, 13),
    ]
    found = {row.program: (row.samples, row.most) for row in recoveries(history)}
    assert found == {"one": (1, 6), "two": (2, 3)}


def test_client_that_never_recovers_is_infinite() -> None:
    history = [fault(2, 10), operation("one", "read", 11, 12, "failed")]
    assert recoveries(history)[0].most == math.inf


def test_client_that_had_ended_does_not_count() -> None:
    assert recoveries([operation("one", "read", 0, 1), fault(2, 10)]) == []


def test_error_of_a_subscription_is_no_recovery() -> None:
    history = [
        fault(2, 10),
        operation("one", "event", 11, 11, error="no answer"),
        operation("one", "event", 90, 90, error=None),
    ]
    assert recoveries(history)[0].most == 80


@pytest.mark.parametrize("kind", ["event", "mirror"])
def test_client_that_receives_nothing_until_its_end_is_infinite(kind: str) -> None:
    history = [
        operation("one", "mirroring", 0, 0),
        operation("one", kind, 1, 1, error=None),
        fault(2, 10),
        operation("one", "ended", 100, 100),
    ]
    assert recoveries(history)[0].most == math.inf


def test_quantiles_are_of_all_faults_and_clients() -> None:
    history = [
        each
        for number in range(10)
        for each in (
            fault(100 * number, 100 * number + 1),
            operation("one", "read", 100 * number + 1, 100 * number + 2 + number),
        )
    ]
    (row,) = recoveries(history)
    assert (row.samples, row.p50, row.p90, row.most) == (10, 5, 9, 10)
    assert table([row]).splitlines()[-1] == "| kill | one | 10 | 5.00 | 9.00 | 10.00 |"
