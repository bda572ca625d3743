"""Check of a run: the periods that are excused, and that each checker has a part in it."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import operations
from tests.faults.check import (
    DELAYING,
    LIMIT_S,
    OUTAGE_S,
    check_directory,
    check_run,
    excused,
    restarts,
    standing_of,
    unreachable,
)
from tests.faults.checkers.durations import ALLOWANCE_S, PROMISED_S
from tests.faults.checkers.progress import LONG_RUN_S
from tests.faults.checkers.stuck import EXCUSED_AT_ONCE, STEPS_PER_EXCUSED, TIMEOUT_S
from tests.faults.database_log import DATABASE_LOG, Change
from tests.faults.faults.cluster import cluster_faults
from tests.faults.faults.names import KEEPING_CONNECTIONS, NOT_SHOWN
from tests.faults.faults.network import network_faults
from tests.faults.faults.parts import ClockStepped, client_faults, part_faults
from tests.faults.faults.storage import Compactions, QuotaExceeded
from tests.faults.history import Operation, Outcome, Time
from tests.faults.keeper import CRASHES
from tests.faults.limits import START_S
from tests.faults.resources import SAMPLES, Sample
from tests.support.cluster import Cluster


def operation(
    began: float, ended: float, outcome: Outcome = "ok", kind: str = "append", **details: Any
) -> Operation:
    return operations.operation("one-1", kind, began, ended, outcome, **details)


def test_start_and_faults_of_devices_are_excused() -> None:
    history = [
        operation(1, 2, kind="fault", fault="leader killed"),
        operation(3, 4, "failed", kind="fault", fault="leader paused"),
        *(operation(5, 6, kind="fault", fault=name) for name in NOT_SHOWN),
    ]
    # One that could not begin may have had an effect.
    assert excused(history) == [(-math.inf, 1), (1, 2), (3, 4)]


def fault(name: str, began: float, ended: float, **details: Any) -> Operation:
    return operation(began, ended, kind="fault", fault=name, **details)


def test_faults_that_excuse_errors_are_those_of_servers_and_of_the_clock() -> None:
    history = [
        fault("device server killed", 1, 2),
        fault("device server suspended", 3, 4),
        fault("Tango database killed", 5, 6),
        fault("Tango database suspended", 7, 8),
        *(fault(name, 9, 10) for name in ("leader killed", "data lost", "quota exceeded")),
        fault("clock stepped", 11, 12),
    ]
    assert restarts(history) == [(1, 2 + START_S)]
    expected = [(1, 2 + START_S), (3, 4), (5, 6 + START_S), (7, 8), (11, 12)]
    assert sorted(unreachable(history)) == expected


@pytest.mark.parametrize("name", ["device server killed", "device server suspended"])
def test_fault_of_a_server_concerns_its_subarrays_only(name: str) -> None:
    history = [
        fault("leader killed", 1, 2),
        fault(name, 10, 12, subarrays=["02"]),
        command(10, 17),
        operation(30, 31),
    ]
    own, other = (standing_of(history, LIMIT_S, each) for each in ("02", "01"))
    assert (10, 12) in own.excused
    assert own.unreachable
    assert other.excused == [(-math.inf, 1), (1, 2)]
    assert other.restarts == other.unreachable == []
    (found,) = violations(*history)
    assert "Scan took" in found
    # Of an old recording.
    del history[1].details["subarrays"]
    assert standing_of(history, LIMIT_S, "01").unreachable == own.unreachable
    assert violations(*history) == []


@pytest.mark.parametrize("end_s", [30.0, 90.0])
def test_error_of_a_subscription_while_a_server_starts_is_excused(end_s: float) -> None:
    """The Tango database is killed while the server, and its client, wait for it."""
    details: dict[str, Any] = {"subarray": "01", "attribute": "scanID"}
    history = [
        fault("device server killed", 50, 53),
        fault("Tango database killed", 60, 63),
        operation(55, 55, kind="event", value=None, error="no answer", **details),
        operation(55 + end_s, 55 + end_s, kind="event", value=0, error=None, **details),
    ]
    is_found = end_s > 8 + START_S + LIMIT_S
    assert any("no value from" in each for each in violations(*history)) is is_found


def test_names_of_faults_exist() -> None:
    chance, stack = random.Random(1), SimpleNamespace(parts={})
    names = {
        *(each.name for each in part_faults(stack, chance)),  # type: ignore[arg-type]
        *(each.name for each in client_faults(SimpleNamespace(), (), chance)),  # type: ignore[arg-type]
        *(Compactions.name, ClockStepped.name),
    }
    assert set(NOT_SHOWN) < names
    assert set(DELAYING) < names
    database = {
        *(each.name for each in network_faults((), chance)),
        *(each.name for each in cluster_faults(Cluster.__new__(Cluster), chance)),
        QuotaExceeded.name,
    }
    assert set(KEEPING_CONNECTIONS) < names | database
    shown = {"device server killed", "device server suspended", "clock stepped"}
    assert names - set(NOT_SHOWN) == shown
    assert set(DELAYING) - set(NOT_SHOWN) == shown


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


def command(began: float, ended: float) -> Operation:
    return operation(
        began,
        ended,
        "failed",
        "command",
        command="Scan",
        subarray="01",
        transaction_id=None,
        error=None,
    )


def stuck(since: float, at: float) -> Operation:
    return operation(
        at, at, kind="stuck", subarray="01", state="ON", obs_state="READY", since=since
    )


def violations(*operations: Operation, has_settled: bool = False) -> list[str]:
    """Return what is found in a run of one transaction and these operations."""
    done = operation(0, 0.1, kind="open", mark="one#1", values={}, writes={"/mark/one": "one#1"})
    done.revision = 2
    changes = [Change(2, "/mark/one", "one#1", 0.1)]
    run = sorted([done, *operations], key=lambda each: each.began)
    return check_run(run, changes, has_settled=has_settled).violations


def test_run_without_a_violation_has_none() -> None:
    assert violations(command(1, 2)) == []


@pytest.mark.parametrize(
    ("operations", "text"),
    [
        ([command(1, 7), operation(8, 9)], "Scan took 6.0 s"),
        ([stuck(1, 80)], "subarray 01 stayed ON with obsState READY"),
        (
            [
                operation(1, 1, kind="started", name="lists-1"),
                operation(100, 101 + LIMIT_S, kind="rest"),
            ],
            "lists-1 had no answer from",
        ),
        (
            [operation(1, 1, kind="subscribed", subarray="01", attributes=["scanID"])],
            "one-1: scanID had no event",
        ),
    ],
    ids=["durations", "stuck", "progress", "events"],
)
def test_violation_of_each_kind_is_found(operations: list[Operation], text: str) -> None:
    (found,) = violations(*operations)
    assert text in found


def test_limit_is_that_of_the_clients_too() -> None:
    rest = operation(100, 101 + LIMIT_S, kind="rest")
    history = [operation(1, 1, kind="started", name="lists-1"), rest]
    found = check_run(history, [], limit_s=LIMIT_S + 2, has_settled=False).violations
    assert found == ["no transaction took effect"]


@pytest.mark.parametrize("name", DELAYING)
def test_fault_that_delays_commands_excuses_them_until_some_seconds_after_it(name: str) -> None:
    end = 11 + DELAYING[name] + PROMISED_S + ALLOWANCE_S
    others = fault(name, 9, 11, ahead_s=1.0), operation(end + 2, end + 3)
    assert violations(command(10, end - 0.1), *others) == []
    (found,) = violations(command(10, end + 0.1), *others)
    assert "Scan took" in found


def test_stuck_state_of_an_outage_or_a_step_is_counted() -> None:
    outage = fault("quota exceeded", 1 + TIMEOUT_S, 80)
    step = fault(ClockStepped.name, 40, 45, ahead_s=-5.0)
    for excuse in (outage, step):
        change = Change(1, "/lmc/subarray/01", "{}", 42.0)
        found = check_run([excuse, stuck(1, 80)], [change], has_settled=False)
        assert found.excused_stuck == 1
        assert found.violations == ["no transaction took effect"]


@pytest.mark.parametrize(("outcome", "more"), [("ok", 1), ("failed", 0)])
def test_many_excused_stuck_states_are_found(outcome: Outcome, more: int) -> None:
    """Steps of the clock that were made allow more of them."""
    outage = fault("quota exceeded", 1 + TIMEOUT_S, 80)
    step = fault(ClockStepped.name, 40, 45, ahead_s=-5.0)
    step.outcome = outcome
    most = EXCUSED_AT_ONCE + more
    steps = [step] * STEPS_PER_EXCUSED
    assert violations(outage, *steps, *[stuck(1, 80)] * most) == []
    found = violations(outage, *steps, *[stuck(1, 80)] * (most + 1))
    complaint = f"{most + 1} states that did not continue are excused, expected at most {most}"
    assert found == [complaint]


@pytest.mark.parametrize(
    ("outcome", "details"), [("ok", {"is_in_effect": False}), ("failed", {"error": "no leader"})]
)
def test_quota_that_was_not_exceeded_does_not_excuse_a_stuck_state(
    outcome: Outcome, details: dict[str, Any]
) -> None:
    quota = fault("quota exceeded", 1 + TIMEOUT_S, 80, **details)
    quota.outcome = outcome
    (found,) = violations(quota, stuck(1, 80))
    assert "stayed ON" in found


@pytest.mark.parametrize("has_settled", [True, False])
@pytest.mark.parametrize("seconds", [LONG_RUN_S - 10, LONG_RUN_S + 10])
def test_subscriber_of_which_nothing_was_checked_is_found(
    has_settled: bool, seconds: float
) -> None:
    idle = "no value was stable for longer than the limit: nothing was checked"
    found = violations(command(1, 2), has_settled=has_settled)
    assert found == ([idle] if has_settled else [])
    history = [
        operation(3, 3, kind="event", subarray="01", attribute="scanID", value=0, error=None),
        operation(seconds, seconds, kind="looks", subarray="01"),
        *(
            operation(3, 3, kind="subscribed", subarray="01", attributes=attributes)
            for attributes in (["scanID"], ["obsState"])
        ),
    ]
    event = replace(history[0], details=history[0].details | {"attribute": "obsState"})
    event.began = Time(seconds - 1, seconds - 1)
    event.details["value"] = "EMPTY"
    history.append(event)
    found = [each for each in violations(*history, has_settled=has_settled) if idle in each]
    is_long = seconds > LONG_RUN_S
    assert found == ([f"one-1: obsState: {idle}"] if has_settled and is_long else [])


def test_crashes_and_growths_are_found_in_the_files_of_a_run(tmp_path: Path) -> None:
    (tmp_path / DATABASE_LOG).touch()
    without, operations, changes = check_directory(tmp_path, has_settled=False)
    assert without.violations == ["no transaction took effect"]
    assert (operations, changes) == ([], [])
    unknown, *_ = check_directory(tmp_path, has_settled=True)
    assert any("crashes.json is missing" in each for each in unknown.violations)
    crashes = ["simulator ended with exit code 1", "second ended with exit code 2"]
    lines = [json.dumps([each]) + "\n" for each in crashes]
    (tmp_path / CRASHES).write_text("".join(lines))
    (tmp_path / SAMPLES).write_text(json.dumps(Sample(1, "counter-1", 5, 1, 1, 1)) + "\n")
    found, *_ = check_directory(tmp_path, has_settled=False)
    assert found.violations == [
        *without.violations,
        *crashes,
        "counter-1 (process 5) has only 1 samples",
    ]
