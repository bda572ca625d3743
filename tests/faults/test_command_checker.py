"""Checker of commands against the entry of the subarray."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc import paths
from tests.faults.checkers.commands import check_commands
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.worlds import SUBARRAY, Fate, World

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["Scan", "EndScan", "Configure"]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["ok", "ok", "failed", "lost", "dropped"]),
        st.floats(0, 5),
        st.booleans(),
    ),
    max_size=15,
)
"""Command, client, fate, time that it takes longer than needed, and whether it has an ID."""


def violations(world: World) -> list[str]:
    times = RevisionTimes(world.operations, world.changes)
    return check_commands(world.operations, world.changes, times)


Steps = list[tuple[str, str, Fate, float, bool]]


def run(steps: Steps) -> World:
    """Return a world after these commands."""
    world = World()
    for command, client, fate, slack, with_id in steps:
        world.command(client, command, fate, slack, with_id=with_id)
        # Other writes of the entry, and transactions that bound the times of its revisions.
        world.write_entry(reached=True)
        world.increment(client, slack=slack)
    return world


@given(steps=STEPS)
def test_serial_commands_have_no_violation(steps: Steps) -> None:
    assert violations(run(steps)) == []


@given(steps=STEPS, data=st.data())
def test_any_accepted_command_that_is_reported_as_rejected_is_found(
    steps: Steps, data: st.DataObject
) -> None:
    """The effects stay, so one is left over."""
    world = run(
        [*((*each[:2], "ok", *each[3:]) for each in steps), ("Scan", "one", "ok", 0, True)]
    )
    commands = [each for each in world.operations if each.kind == "command"]
    data.draw(st.sampled_from(commands)).outcome = "failed"
    assert violations(world)


def double(world: World, with_id: bool) -> None:
    world.command("one", "Scan", with_id=with_id)
    last = world.entry.transaction_id or ""
    world.accept("Scan", last if with_id else "txn-lmc-again")


def lose(world: World, with_id: bool) -> None:
    operation = world.command("one", "Scan", "dropped", with_id=with_id)
    operation.outcome = "ok"
    operation.ended = operation.began


def reject_with_effect(world: World, with_id: bool) -> None:
    world.command("one", "Scan", with_id=with_id).outcome = "failed"


def double_unknown(world: World, with_id: bool) -> None:
    world.command("one", "Scan", "lost", with_id=with_id)
    last = world.entry.transaction_id or ""
    world.accept("Scan", last if with_id else "txn-lmc-again")


def precede(world: World, with_id: bool) -> None:
    """Let a command take effect before it began."""
    operation = world.command("one", "Scan", with_id=with_id)
    operation.began, operation.ended = (
        each._replace(monotonic=each.monotonic + 5) for each in (operation.began, operation.ended)
    )


def follow(world: World, with_id: bool) -> None:
    """Let a command take effect long after its answer."""
    operation = world.command("one", "Scan", "dropped", with_id=with_id)
    operation.outcome = "ok"
    operation.ended = operation.began
    world.increment("two")
    world.increment("two")
    world.accept("Scan", operation.details["transaction_id"] or "txn-lmc-late")


@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize(
    "damage", [double, lose, reject_with_effect, double_unknown, precede, follow]
)
def test_planted_fault_of_a_command_is_found(
    damage: Callable[[World, bool], None], with_id: bool
) -> None:
    world = World()
    for command in ("Configure", "EndScan"):
        world.command("one", command, with_id=with_id)
        world.increment("two")
    assert violations(world) == []
    damage(world, with_id)
    assert violations(world)


def skip_count(world: World) -> None:
    world.write_entry(command_count=world.entry.command_count + 2)


def go_back(world: World) -> None:
    world.write_entry(command_count=world.entry.command_count - 1)


def rename(world: World) -> None:
    """Change the last command without a command."""
    world.write_entry(last_command="Abort")


@pytest.mark.parametrize("damage", [skip_count, go_back, rename])
def test_entry_that_no_command_explains_is_found(damage: Callable[[World], None]) -> None:
    world = World()
    world.command("one", "Scan")
    damage(world)
    assert len(violations(world)) == 1


@pytest.mark.parametrize("with_id", [True, False])
def test_effect_on_a_subarray_without_a_client_is_found(with_id: bool) -> None:
    world = World()
    world.command("one", "Scan", with_id=with_id)
    world.write({paths.subarray("02"): world.state[paths.subarray(SUBARRAY)]})
    (found,) = violations(world)
    assert "Scan took effect at 3" in found


def test_swapped_command_is_found() -> None:
    world = World()
    world.command("one", "Scan").details["command"] = "EndScan"
    assert "as Scan" in violations(world)[0]


def test_commands_before_the_log_are_no_violation() -> None:
    world = World()
    world.is_logged = False
    world.accept("On", "txn-earlier")
    world.is_logged = True
    world.command("one", "Scan")
    assert violations(world) == []
