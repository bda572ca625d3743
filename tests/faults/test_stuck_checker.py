"""Checker of states that did not continue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.faults.checkers.events import Period
from tests.faults.checkers.stuck import (
    ALLOWANCE_S,
    EXCUSED_AT_ONCE,
    RECONNECT_S,
    SECONDS_PER_EXCUSED,
    STEPS_PER_EXCUSED,
    TIMEOUT_S,
    too_many_excused,
)
from tests.faults.checkers.stuck import check_stuck as check
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.database_log import Change
from tests.faults.faults.names import CLOCK_STEPPED, KEEPING_CONNECTIONS
from tests.faults.history import Operation, Outcome
from tests.faults.limits import START_S
from tests.faults.operations import operation

SINCE, AT = 12.0, 88.0

ENTRY = "/lmc/subarray/04"


def changed(received: float, path: str = ENTRY, **document: str) -> Change:
    return Change(2, path, json.dumps(document), received)


def check_stuck(
    operations: Sequence[Operation], outages: Sequence[Period]
) -> tuple[list[str], int]:
    """Check with changes of the subarray all the time."""
    return check(operations, [changed(float(each)) for each in range(100)], outages)


def command(
    began: float,
    ended: float,
    outcome: Outcome = "ok",
    subarray: str = "04",
    command: str = "AssignResources",
) -> Operation:
    return operation("two", "command", began, ended, outcome, command=command, subarray=subarray)


def step(began: float, ended: float, ahead_s: float) -> Operation:
    return operation("nemesis", "fault", began, ended, fault="clock stepped", ahead_s=ahead_s)


def stuck(client: str = "one", since: float = SINCE, at: float = AT) -> Operation:
    return operation(
        client,
        "stuck",
        at,
        at,
        subarray="04",
        state="ON",
        obs_state="RESOURCING",
        since=since,
    )


COMMANDS = [command(1, 2), command(10, 11), command(70, 71, "failed"), command(50, 51, "ok", "02")]

FOUND = ["one.0: subarray 04 stayed ON with obsState RESOURCING from 12.000 until 88.000"]


def test_state_that_does_not_continue_is_found() -> None:
    history = [*COMMANDS, operation("nemesis", "fault", 10, 80, fault="leader killed"), stuck()]
    assert check_stuck(history, []) == (FOUND, 0)
    assert check_stuck([stuck()], []) == (FOUND, 0)


@pytest.mark.parametrize(
    ("began", "ended", "ahead_s", "is_excused"),
    [
        (9.0, 10.5, 60, True),
        (1.0, 10 - SEEN_WITHIN_S + 0.5, 60, True),
        (10.5, 20, 60, True),
        (1.0, 10 - SEEN_WITHIN_S - 0.5, 60, False),
        (11.5, 20, 60, False),
        (50.0, 60, 60, False),
        (50.0, 60, -60, True),
        (87.0, 90, -60, True),
        (1.0, 10 - SEEN_WITHIN_S - 0.5, -60, False),
        (90.0, 91, -60, False),
    ],
)
def test_step_that_makes_the_timeout_longer_is_an_excuse(
    began: float, ended: float, ahead_s: float, is_excused: bool
) -> None:
    found = check_stuck([*COMMANDS, step(began, ended, ahead_s), stuck()], [])
    assert found == (([], 1) if is_excused else (FOUND, 0))


def test_step_counts_at_a_command_without_an_answer() -> None:
    """It can have taken effect until the state was seen."""
    history = [command(10, 0, "unknown"), step(SINCE - 0.5, 20, 60), stuck()]
    assert check_stuck(history, []) == ([], 1)


def test_step_counts_at_the_command_before_the_state_and_not_at_a_later_one() -> None:
    """Another client of the subarray has aborted the observation just before."""
    first, second = stuck(), stuck("three", at=AT + 1)
    abort = command(AT + 0.1, AT + 0.2, command="Abort")
    history = [*COMMANDS, step(9.0, 10.5, 60), first, abort, second]
    assert check_stuck(history, []) == ([], 2)
    violations, excused = check_stuck([*COMMANDS, first, abort, second], [])
    assert (len(violations), excused) == (2, 0)


@pytest.mark.parametrize(
    ("name", "state", "is_excused"),
    [
        ("AssignResources", "ON", True),
        ("ReleaseAllResources", "ON", True),
        ("Configure", "ON", False),
        ("Scan", "ON", False),
        ("AssignResources", "INIT", False),
    ],
)
def test_state_that_another_client_may_have_begun_again_is_counted(
    name: str, state: str, is_excused: bool
) -> None:
    again, shown = command(70, 71, command=name), stuck()
    shown.details["state"] = state
    violations, excused = check_stuck([*COMMANDS, again, shown], [])
    assert (len(violations), excused) == ((0, 1) if is_excused else (1, 0))


EB, PB = "/eb/eb-a", "/pb/pb-a"
LINKED = [changed(10.5, eb_id="eb-a"), changed(10.5, PB, eb_id="eb-a")]


@pytest.mark.parametrize(
    ("change", "is_excused"),
    [
        (changed(52), True),
        (changed(60 + SEEN_WITHIN_S - 0.5), True),
        (changed(60 + SEEN_WITHIN_S + 0.5), False),
        (changed(50 - SEEN_WITHIN_S - 0.5), False),
        (changed(52, f"{EB}/state"), True),
        (changed(52, f"{PB}/state"), True),
        (changed(52, "/component/lmc-subarray-04/owner"), True),
        (changed(52, "/lmc/subarray/02"), False),
        (changed(52, "/pb/pb-b/state"), False),
        (changed(52, "/pb/pb-b", eb_id="eb-b"), False),
    ],
)
def test_step_back_is_an_excuse_only_if_the_device_reads_a_change_in_it(
    change: Change, is_excused: bool
) -> None:
    history = [*COMMANDS, step(50, 60, -60), stuck()]
    assert check(history, [*LINKED, change], []) == (([], 1) if is_excused else (FOUND, 0))


STEP_ENDS = 60 + SEEN_WITHIN_S


@pytest.mark.parametrize(
    ("fault", "began", "ended", "is_excused"),
    [
        ("device server killed", 55, 57, True),
        # It starts in the step.
        ("device server killed", 30, 50 - START_S + 0.5, True),
        ("device server killed", 30, 50 - START_S - 0.5, False),
        # It starts after the step only.
        ("device server killed", 55, STEP_ENDS + 0.5, False),
        # The device may be connected to the follower.
        *((name, 55.0, 57.0, True) for name in ("leader killed", "follower paused", "data held")),
        *((name, 55.0, 57.0, True) for name in ("answers slow", "quota exceeded")),
        ("data lost", 30, 50 - RECONNECT_S + 0.5, True),
        ("data lost", 30, 50 - RECONNECT_S - 0.5, False),
        ("data lost", STEP_ENDS + 0.5, 70, False),
        *((name, 55.0, 57.0, False) for name in KEEPING_CONNECTIONS),
    ],
)
def test_step_back_is_an_excuse_if_a_fault_makes_the_device_read_in_it(
    fault: str, began: float, ended: float, is_excused: bool
) -> None:
    history = [*COMMANDS, step(50, 60, -60), stuck()]
    assert check(history, LINKED, []) == (FOUND, 0)
    details: dict[str, Any] = {"fault": fault}
    if fault == CLOCK_STEPPED:
        details["ahead_s"] = 60.0
    read = operation("nemesis", "fault", began, ended, **details)
    expected = ([], 1) if is_excused else (FOUND, 0)
    assert check([*history, read], LINKED, []) == expected
    read.outcome = "failed"
    assert check([*history, read], LINKED, []) == (FOUND, 0)


@pytest.mark.parametrize(("subarrays", "is_excused"), [(["04"], True), (["01", "02"], False)])
def test_start_of_another_server_does_not_make_the_device_read(
    subarrays: list[str], is_excused: bool
) -> None:
    killed = operation(
        "nemesis", "fault", 55, 57, fault="device server killed", subarrays=subarrays
    )
    found = check([*COMMANDS, step(50, 60, -60), stuck(), killed], LINKED, [])
    assert found == (([], 1) if is_excused else (FOUND, 0))


def test_step_back_is_an_excuse_if_an_outage_makes_the_device_read_in_it() -> None:
    assert check([*COMMANDS, step(50, 60, -60), stuck()], LINKED, [(52, 56)]) == ([], 1)


@pytest.mark.parametrize(
    ("begin", "end", "is_excused"),
    [
        (SINCE + TIMEOUT_S - 1, AT, True),
        (SINCE + TIMEOUT_S, AT - ALLOWANCE_S, True),
        (SINCE + TIMEOUT_S, AT - ALLOWANCE_S - 1, False),
        (SINCE + 1, SINCE + TIMEOUT_S, False),
    ],
)
def test_outage_after_the_timeout_is_an_excuse(begin: float, end: float, is_excused: bool) -> None:
    found = check_stuck([*COMMANDS, stuck()], [(begin, end)])
    assert found == (([], 1) if is_excused else (FOUND, 0))


@pytest.mark.parametrize("name", ["data delayed", "defragmentation"])
def test_fault_that_keeps_the_connection_does_not_make_the_device_read(name: str) -> None:
    """The device calculates its wait before the step, which so cannot make it longer."""
    delayed = operation("nemesis", "fault", 52, 55, fault=name)
    history = [*COMMANDS, step(50, 60, -60), stuck(), delayed]
    assert check(history, LINKED, []) == (FOUND, 0)


@pytest.mark.parametrize(("periods", "groups_of_steps"), [(0, 0), (1, 0), (3, 0), (0, 2), (1, 2)])
def test_more_than_a_few_excused_states_are_a_violation(
    periods: int, groups_of_steps: int
) -> None:
    most = EXCUSED_AT_ONCE + periods + groups_of_steps
    seconds = periods * SECONDS_PER_EXCUSED + 1
    steps = groups_of_steps * STEPS_PER_EXCUSED + 1
    assert too_many_excused(most, seconds, steps) == []
    (found,) = too_many_excused(most + 1, seconds, steps)
    assert found == f"{most + 1} states that did not continue are excused, expected at most {most}"
