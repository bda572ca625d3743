"""Checker of states that did not continue."""

from __future__ import annotations

import pytest

from tests.faults.checkers.stuck import ALLOWANCE_S, TIMEOUT_S, check_stuck
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.history import NEVER, Operation, Outcome, Time

SINCE, AT = 12.0, 88.0


def operation(
    client: str, kind: str, began: float, ended: float, outcome: Outcome = "ok", **details: object
) -> Operation:
    end = NEVER if outcome == "unknown" else Time(ended, ended)
    return Operation(client, 0, kind, Time(began, began), end, outcome, details=details)


def command(
    began: float, ended: float, outcome: Outcome = "ok", subarray: str = "04"
) -> Operation:
    return operation("two", "command", began, ended, outcome, command="Scan", subarray=subarray)


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
    abort = command(AT + 0.1, AT + 0.2)
    history = [*COMMANDS, step(9.0, 10.5, 60), first, abort, second]
    assert check_stuck(history, []) == ([], 1)
    assert check_stuck([*COMMANDS, first, abort, second], []) == (FOUND, 0)


def test_state_that_another_client_began_again_unseen_is_not_stuck() -> None:
    assert check_stuck([*COMMANDS, command(70, 71), stuck()], []) == ([], 0)


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
