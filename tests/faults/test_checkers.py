"""Checkers of transactions: strict serializability, the counter and the transfers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checkers.counter import check_counter
from tests.faults.checkers.serializability import check_serializability
from tests.faults.checkers.transfers import check_transfers
from tests.faults.transactions import ACCOUNTS, COUNTER
from tests.faults.worlds import Fate, World

CHECKERS = {
    "serializability": check_serializability,
    "counter": check_counter,
    "transfers": check_transfers,
}

FATES = st.sampled_from(["ok", "ok", "ok", "failed", "lost", "dropped"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["increment", "transfer", "audit"]),
        st.sampled_from(["one", "two"]),
        FATES,
        st.floats(0, 5),
    ),
    max_size=40,
)
"""Kind, client and fate of each transaction, and the time that it takes longer than needed."""


def found_by(world: World) -> set[str]:
    """Return the names of the checkers that find violations."""
    return {name for name, check in CHECKERS.items() if check(world.operations, world.changes)}


def run(steps: list[tuple[str, str, Fate, float]]) -> World:
    """Return a world after these transactions."""
    world = World()
    for kind, client, fate, slack in steps:
        if kind == "increment":
            world.increment(client, fate, slack)
        elif kind == "transfer":
            world.transfer(client, 7, fate, slack)
        else:
            world.audit(client, slack)
    return world


@given(steps=STEPS)
def test_serial_transactions_have_no_violation(steps: list[tuple[str, str, Fate, float]]) -> None:
    assert found_by(run(steps)) == set()


@given(steps=STEPS, data=st.data())
def test_changed_read_of_any_transaction_is_found(
    steps: list[tuple[str, str, Fate, float]], data: st.DataObject
) -> None:
    world = run([*steps, ("increment", "one", "ok", 0)])
    confirmed = [each for each in world.operations if each.outcome == "ok"]
    values = data.draw(st.sampled_from(confirmed)).details["values"]
    values[data.draw(st.sampled_from(sorted(values)))] = "another"
    found = check_serializability(world.operations, world.changes)
    assert any("read 'another'" in each for each in found)


@given(steps=STEPS, data=st.data())
def test_change_missing_from_the_log_is_found(
    steps: list[tuple[str, str, Fate, float]], data: st.DataObject
) -> None:
    world = run([*steps, ("increment", "one", "ok", 0)])
    world.changes.remove(data.draw(st.sampled_from(world.changes)))
    assert "serializability" in found_by(world)


def lose_update(world: World) -> None:
    """Write the same value as an increment that committed meanwhile."""
    before = world.state[COUNTER]
    world.increment("one")
    world.state[COUNTER] = before
    world.increment("two")


def lose_increment(world: World) -> None:
    """Answer an increment that was not committed."""
    world.increment("one", "dropped")
    world.operations[-1].outcome = "ok"
    world.operations[-1].revision = world.revision


def commit_twice(world: World) -> None:
    operation = world.increment("one")
    world.write(operation.details["writes"] | {COUNTER: str(int(world.state[COUNTER]) + 1)})


def commit_failed(world: World) -> None:
    """Report an increment as failed that was committed."""
    world.increment("one").outcome = "failed"


def read_mixed_revisions(world: World) -> None:
    """Read one account before a transfer and the others after it."""
    before = dict(world.state)
    transferred = world.transfer("one", 5)
    path = next(iter(transferred.details["writes"]))
    world.audit("two").details["values"][path] = before[path]


def read_stale(world: World) -> None:
    """Read an older revision than one that was answered before."""
    audit = world.audit("one")
    world.transfer("two", 5)
    audit.began, audit.ended = (
        each._replace(monotonic=each.monotonic + 2) for each in (audit.began, audit.ended)
    )


def invert_time(world: World) -> None:
    """Order a later transaction before one that had ended."""
    first, second = world.increment("one"), world.increment("two")
    first.began, first.ended, second.began, second.ended = (
        second.began,
        second.ended,
        first.began,
        first.ended,
    )


def create_money(world: World) -> None:
    """Write one half of a transfer only."""
    world.write({ACCOUNTS[0]: "1000", "/mark/one": "one.x#1"})


def read_nothing(world: World) -> None:
    world.audit("one").details["values"] = {}


def read_no_number(world: World) -> None:
    world.audit("one").details["values"][ACCOUNTS[0]] = "x"


def write_no_number(world: World) -> None:
    world.transact("one", "increment", [COUNTER, ACCOUNTS[0]], {COUNTER: "x", ACCOUNTS[0]: "x"})


def write_unrecorded(world: World) -> None:
    world.write({COUNTER: world.state[COUNTER]})


@pytest.mark.parametrize(
    ("damage", "checkers"),
    [
        (lose_update, {"serializability", "counter"}),
        (lose_increment, {"serializability", "counter"}),
        (commit_twice, {"serializability", "counter"}),
        (commit_failed, {"serializability", "counter"}),
        (read_mixed_revisions, {"serializability", "transfers"}),
        (read_stale, {"serializability"}),
        (invert_time, {"serializability"}),
        (read_nothing, {"transfers"}),
        (read_no_number, {"serializability", "transfers"}),
        (write_no_number, {"counter", "transfers"}),
        (create_money, {"serializability", "transfers"}),
        (write_unrecorded, {"serializability", "counter"}),
    ],
)
def test_planted_fault_of_a_transaction_is_found(
    damage: Callable[[World], None], checkers: set[str]
) -> None:
    world = World()
    world.transfer("one", 0)
    for client in ("one", "two"):
        world.increment(client)
        world.transfer(client, 3)
        world.audit(client)
    assert found_by(world) == set()
    damage(world)
    assert found_by(world) == checkers
