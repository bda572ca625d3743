"""Checkers of progress and of the durations of commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.faults.checkers.durations import ALLOWANCE_S, PROMISED_S, check_durations
from tests.faults.checkers.events import Period
from tests.faults.checkers.observations import completed
from tests.faults.checkers.progress import (
    LONG_RUN_S,
    MIN_SUCCESSES,
    REJECTING_NOTHING,
    check_progress,
)
from tests.faults.database_log import Change
from tests.faults.history import Operation, Outcome, Time
from tests.faults.limits import PATIENCE_S
from tests.faults.operations import operation

LIMIT_S = 15.0


PERIODS = 10
"""Number of the times within which a long run has to have its least numbers of operations."""


def least_of(kind: str) -> int:
    """Return the least number of operations of a kind in a long run."""
    return int(PERIODS * MIN_SUCCESSES[kind])


def long_run() -> list[Operation]:
    """Return a run with the least numbers of operations."""
    found = [
        operation("nemesis", "fault", PERIODS * LONG_RUN_S, 2000, fault="kill"),
        operation("one", "open", 0, 1, mark="one"),
    ]
    for kind in MIN_SUCCESSES:
        found += [
            operation("one", kind, 0, 1, error=None, eb_id=f"eb-{number}", subarray="01")
            for number in range(least_of(kind))
        ]
    return found


@pytest.mark.parametrize(("seconds", "is_needed"), [(599.0, False), (600.0, True)])
def test_run_that_is_long_enough_has_an_observation(seconds: float, is_needed: bool) -> None:
    history = [each for each in long_run() if each.kind != "observation"]
    history[0] = operation("nemesis", "fault", seconds, seconds + 1, fault="kill")
    found = check_progress(history, [], LIMIT_S)
    expected = ["only 0 operations of kind observation, expected at least 1"]
    assert found == (expected if is_needed else [])


def finished(number: int) -> list[Change]:
    """Return the changes of so many observations."""
    return [
        change
        for each in range(number)
        for change in (
            Change(1, f"/eb/eb-{each}", "{}", 1.0),
            Change(1, f"/eb/eb-{each}/state", '{"status": "FINISHED"}', 1.0),
        )
    ]


FINISHED = finished(least_of("observation"))


def check(operations: Sequence[Operation]) -> list[str]:
    return check_progress(operations, FINISHED, LIMIT_S)


def test_long_run_with_all_operations_has_progress() -> None:
    assert check(long_run()) == []


@pytest.mark.parametrize("kind", MIN_SUCCESSES)
@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_kind_of_operation_with_too_few_successes_is_found(kind: str, outcome: Outcome) -> None:
    history = long_run()
    next(each for each in history if each.kind == kind).outcome = outcome
    # The database counts, and not what the client claims.
    changes = FINISHED[:-1] if kind == "observation" else FINISHED
    found = check_progress(history, changes, LIMIT_S)
    least = least_of(kind)
    assert found == [f"only {least - 1} operations of kind {kind}, expected at least {least}"]


def test_error_of_a_subscription_is_no_success() -> None:
    history = long_run()
    next(each for each in history if each.kind == "event").details["error"] = "no answer"
    (found,) = check(history)
    assert found.startswith(f"only {least_of('event') - 1} operations of kind event")


def test_short_run_needs_one_transaction_only() -> None:
    history = [operation("one", "append", 0, 1, mark="one")]
    assert check(history) == []
    history[0].outcome = "failed"
    assert check(history) == ["no transaction took effect"]
    assert check([]) == ["no transaction took effect"]


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
    found = check(rested(*answers))
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
    assert (check(history) == []) is is_answer


def test_client_that_never_worked_is_found() -> None:
    history = [*rested(program="counter"), operation("one", "append", 0, 1, mark="one")]
    (found,) = check(history)
    assert found.startswith("counter-1 had no answer")


def test_client_that_was_killed_or_started_late_or_waits_is_not_due() -> None:
    killed = [*rested(50.0), operation("clients", "killed", 90, 90, name="lists-1")]
    assert check(killed) == []
    late = rested(50.0)
    late[0].began = Time(101, 101)
    assert check(late) == []
    assert check(rested(50.0, program="subscriber")) == []


@pytest.mark.parametrize(
    ("program", "seconds", "removed", "is_found"),
    [
        ("pruning", 700, [0, 0], True),
        ("pruning", 700, [0, 3], False),
        ("pruning", 500, [0, 0], False),
        ("lists", 700, [], False),
    ],
)
def test_run_that_never_removes_a_block_is_found(
    program: str, seconds: float, removed: Sequence[int], is_found: bool
) -> None:
    history = [
        operation("clients", "started", 0, 0, name=f"{program}-1"),
        *(operation("pruning-1", "prune", 10, 20, removed=each) for each in removed),
        operation("pruning-1", "prune", 30, 40, outcome="unknown"),
        operation("one", "append", seconds, seconds, mark="one"),
    ]
    found = "no execution block that had ended was removed" in check(history)
    assert found is is_found


def test_interrupted_or_short_rest_is_not_checked() -> None:
    interrupted = rested(50.0)
    interrupted[-1].outcome = "unknown"
    assert check(interrupted) == []
    short = rested(50.0)
    short[-1].ended = Time(110, 110)
    assert check(short) == []


def observing(*accepted: float, faults: Sequence[Period] = ()) -> list[Operation]:
    """Return a run of a client that observes, from 10 until its last rest ends at 300."""
    return [
        operation("clients", "started", 10, 10, name="observations-1"),
        operation("other", "append", 10, 20, mark="one"),
        *(operation("nemesis", "fault", *each, fault="kill") for each in faults),
        *(
            operation("observations-1", "command", each - 1, each, subarray="02")
            for each in accepted
        ),
        operation("nemesis", "rest", 290, 300),
    ]


def late(*accepted: float, faults: Sequence[Period] = ()) -> list[str]:
    found = check(observing(*accepted, faults=faults))
    return [each for each in found if each.startswith("observations-1")]


@pytest.mark.parametrize(
    ("accepted", "is_found"),
    [
        ((100, 190, 280), False),
        ((100, 190), True),
        ((101, 190, 280), True),
        ((100, 191, 280), True),
        ((), True),
        ((100, 190, 280, 500), False),
    ],
    ids=["in time", "never again", "late first", "late later", "never", "after the run"],
)
def test_observing_client_without_an_accepted_command_is_found(
    accepted: tuple[float, ...], is_found: bool
) -> None:
    assert PATIENCE_S + LIMIT_S == 90
    assert bool(late(*accepted)) is is_found


def test_time_of_faults_does_not_count_for_an_observing_client() -> None:
    faults = [(50.0, 120.0), (110.0, 150.0), (200.0, 211.0)]
    assert late(211, 290, faults=faults) == []
    (found,) = late(212, 290, faults=faults[1:])
    assert "from 10.000 to 212.000, of which 151 s without a fault" in found


@pytest.mark.parametrize(
    ("subarrays", "is_found"), [(None, False), (["01", "02"], False), (["01", "03"], True)]
)
def test_time_of_a_fault_of_the_server_of_another_subarray_counts(
    subarrays: list[str] | None, is_found: bool
) -> None:
    history = observing(211, 290, faults=[(50.0, 200.0)])
    for each in history:
        if each.kind == "fault" and subarrays is not None:
            each.details["subarrays"] = subarrays
    assert bool(found_late(history)) is is_found


def found_late(history: Sequence[Operation], outages: Sequence[Period] = ()) -> list[str]:
    found = check_progress(history, FINISHED, LIMIT_S, outages)
    return [each for each in found if each.startswith("observations-1")]


@pytest.mark.parametrize("kind", REJECTING_NOTHING)
def test_time_of_a_fault_that_rejects_no_command_counts(kind: str) -> None:
    history = observing(211, 290, faults=[(50.0, 120.0), (110.0, 150.0), (200.0, 211.0)])
    assert found_late(history) == []
    for each in history:
        if each.kind == "fault":
            each.details["fault"] = kind
    (found,) = found_late(history)
    assert "had no accepted command from 10.000 to 211.000" in found


def test_times_of_an_outage_and_of_an_own_stuck_state_do_not_count() -> None:
    history = observing(190, 280)
    assert found_late(history)
    assert found_late(history, [(20.0, 120.0)]) == []
    for client in ("observations-1", "observations-2"):
        stuck = operation(client, "stuck", 110, 110, since=10)
        assert bool(found_late([*history, stuck])) is (client == "observations-2")


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_command_that_may_have_no_effect_is_no_progress(outcome: Outcome) -> None:
    history = observing(100, 190, 280)
    next(each for each in history if each.client == "observations-1").outcome = outcome
    assert any("had no accepted command from 10.000 to 190" in each for each in check(history))


def of_each(periods: Sequence[Period]) -> Callable[[str], Sequence[Period]]:
    """Return the same periods for each subarray."""
    return lambda _: periods


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
    assert bool(check_durations(history, of_each([]))) is is_found
    assert bool(check_durations(history, of_each([(0, 9.9), (40, 50)]))) is is_found
    assert check_durations(history, of_each([(9, 11), (10, 100)])) == []


def test_time_of_a_command_begins_again_after_what_delays_it() -> None:
    limit = PROMISED_S + ALLOWANCE_S
    history = [command(10, 40), operation("two", "append", 50, 51)]
    delays = [(10 + limit, 20.0), (19.0, 22.0), (22 + limit, 40 - limit)]
    assert check_durations(history, of_each(delays)) == []
    for place, (begin, end) in enumerate(delays):
        shorter = [*delays[:place], (begin + 0.1, end - 0.1), *delays[place + 1 :]]
        assert check_durations(history, of_each(shorter))


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
