"""Checkers of progress, of the durations of commands and of observations that do not continue."""

from __future__ import annotations

import pytest

from tests.faults.checkers.durations import check_durations
from tests.faults.checkers.observations import completed
from tests.faults.checkers.progress import LEAST, LONG_S, check_progress
from tests.faults.checkers.stuck import check_stuck
from tests.faults.database_log import Change
from tests.faults.history import NEVER, Operation, Outcome, Time

LIMIT_S = 15.0


def operation(
    client: str, kind: str, began: float, ended: float, outcome: Outcome = "ok", **details: object
) -> Operation:
    end = NEVER if outcome == "unknown" else Time(ended, ended)
    return Operation(client, 0, kind, Time(began, began), end, outcome, details=details)


def long_run() -> list[Operation]:
    """Return a run with the least numbers of operations."""
    found = [
        operation("nemesis", "fault", LONG_S + 1, LONG_S + 2, fault="kill"),
        operation("one", "open", 0, 1, mark="one"),
    ]
    for kind, least in LEAST.items():
        found += [operation("one", kind, 0, 1, error=None) for _ in range(least)]
    return found


def test_long_run_with_all_operations_has_progress() -> None:
    assert check_progress(long_run(), LIMIT_S) == []


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_kind_of_operation_without_success_is_found(kind: str, outcome: Outcome) -> None:
    history = long_run()
    for each in history:
        if each.kind == kind:
            each.outcome = outcome
    found = check_progress(history, LIMIT_S)
    assert found[-1] == f"only 0 operations of kind {kind}, expected at least {LEAST[kind]}"


def test_short_run_needs_one_transaction_only() -> None:
    history = [operation("one", "append", 0, 1, mark="one")]
    assert check_progress(history, LIMIT_S) == []
    history[0].outcome = "failed"
    assert check_progress(history, LIMIT_S) == ["no transaction took effect"]
    assert check_progress([], LIMIT_S) == ["no transaction took effect"]


def rested(*answers: float, program: str = "lists") -> list[Operation]:
    """Return a run with a rest from 100 to 130 and one client."""
    return [
        operation("clients", "started", 1, 1, name=f"{program}-1"),
        *(operation(f"{program}-1", "append", each - 1, each, mark="one") for each in answers),
        operation("nemesis", "rest", 100, 130),
    ]


@pytest.mark.parametrize(
    ("answers", "is_found"),
    [
        ((50.0, 120.0), False),
        ((50.0, 115.0, 130.0), False),
        ((50.0,), True),
        ((110.0, 131.0), True),
    ],
    ids=["in the rest", "at its ends", "never again", "before and after"],
)
def test_client_without_an_answer_after_all_faults_is_found(
    answers: tuple[float, ...], is_found: bool
) -> None:
    found = check_progress(rested(*answers), LIMIT_S)
    expected = ["lists-1 had no answer from 115.000 to 130.000, long after all faults"]
    assert found == (expected if is_found else [])


@pytest.mark.parametrize(
    ("error", "is_answer"),
    [
        ("API_CommandNotAllowed: Command Scan not allowed", True),
        ("Cannot take /pb/a/owner: process 1 owns it", True),
        ("API_CommandFailed: The database does not respond", False),
    ],
)
def test_rejection_is_an_answer(error: str, is_answer: bool) -> None:
    history = rested(50.0, 120.0)
    history[2].outcome = "failed"
    history[2].details["error"] = error
    assert (check_progress(history, LIMIT_S) == []) is is_answer


def test_client_that_never_worked_is_found() -> None:
    history = [*rested(program="counter"), operation("one", "append", 0, 1, mark="one")]
    (found,) = check_progress(history, LIMIT_S)
    assert found.startswith("counter-1 had no answer")


def test_client_that_was_killed_or_started_late_or_waits_is_not_due() -> None:
    killed = [*rested(50.0), operation("clients", "killed", 90, 90, name="lists-1")]
    assert check_progress(killed, LIMIT_S) == []
    late = rested(50.0)
    late[0].began = Time(101, 101)
    assert check_progress(late, LIMIT_S) == []
    assert check_progress(rested(50.0, program="observations"), LIMIT_S) == []


def test_interrupted_or_short_rest_is_not_checked() -> None:
    interrupted = rested(50.0)
    interrupted[-1].outcome = "unknown"
    assert check_progress(interrupted, LIMIT_S) == []
    short = rested(50.0)
    short[-1].ended = Time(110, 110)
    assert check_progress(short, LIMIT_S) == []


def command(began: float, ended: float, outcome: Outcome = "ok") -> Operation:
    return operation(
        "one", "command", began, ended, outcome, command="Scan", subarray="01", error=None
    )


@pytest.mark.parametrize(
    ("ended", "outcome", "is_found"),
    [(14.9, "ok", False), (15.1, "ok", True), (15.1, "failed", True), (99, "unknown", True)],
)
def test_command_that_takes_too_long_is_found(
    ended: float, outcome: Outcome, is_found: bool
) -> None:
    history = [command(10, ended, outcome), operation("two", "append", 30, 31)]
    assert bool(check_durations(history, [])) is is_found
    assert bool(check_durations(history, [(0, 9.9), (40, 50)])) is is_found
    assert check_durations(history, [(0, 10.1)]) == []


def stuck(at: float) -> Operation:
    return operation("one", "stuck", at, at, subarray="01", obs_state="RESOURCING")


@pytest.mark.parametrize(
    ("step", "is_found"),
    [((50.0, 60.0), False), ((1.0, 9.0), False), ((1.0, 7.0), True), ((90.0, 91.0), True)],
    ids=["meanwhile", "just before", "before", "after"],
)
def test_stuck_observation_without_a_step_of_the_clock_is_found(
    step: tuple[float, float], is_found: bool
) -> None:
    history = [command(1, 2), command(10, 11), command(70, 71, "failed"), stuck(85)]
    found = check_stuck(history, [step])
    expected = ["one.0: subarray 01 stayed in RESOURCING since 10.000 until 85.000"]
    assert found == (expected if is_found else [])


def test_observations_count_once_and_if_their_block_has_finished() -> None:
    changes = [
        Change(1, "/eb/eb-a", "{}", 1.0),
        Change(1, "/eb/eb-a/state", '{"status": "ACTIVE"}', 1.0),
        Change(1, "/eb/eb-b", "{}", 1.0),
        Change(1, "/eb/eb-b/state", '{"status": "CANCELLED"}', 1.0),
        Change(2, "/eb/eb-a/state", '{"status": "FINISHED"}', 1.0),
        Change(3, "/eb/eb-c/state", '{"status": "FINISHED"}', 1.0),
    ]
    history = [
        operation(client, "observation", 3, 3, eb_id=eb_id)
        for client, eb_id in (("one", "eb-a"), ("two", "eb-a"), ("one", "eb-b"), ("one", "eb-c"))
    ]
    assert [each.details["eb_id"] for each in completed(history, changes)] == ["eb-a"]
