"""Checker of ownership."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checkers.ownership import check_ownership
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.history import Operation
from tests.faults.worlds import Fate, World

PATH = "/component/a/owner"

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "lose", "belief", "look", "release"]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["ok", "ok", "lost", "dropped"]),
        st.floats(0, 5),
    ),
    max_size=40,
)


def violations(world: World) -> list[str]:
    times = RevisionTimes(world.operations, world.changes)
    return check_ownership(world.operations, world.changes, times)


def take(world: World, client: str, fate: Fate = "ok", slack: float = 0.0) -> Operation:
    """Take the ownership, which fails if there is an owner."""
    world.time += 1
    revision = world.revision
    if PATH in world.state:
        fate = "failed"
    elif fate in ("ok", "lost"):
        revision = world.write({PATH: client})
    return world.add(client, "take", fate, slack, revision, path=PATH, owner=client)


def lose(world: World) -> None:
    """Delete the key, as for a release or an expired lease."""
    world.time += 1
    world.write({PATH: None})


def believe(world: World, client: str, held: bool, slack: float = 0.0) -> Operation:
    world.time += 1
    return world.add(client, "belief", "ok", slack, path=PATH, owner=client, held=held)


def look(world: World, client: str, held: bool, alive: bool = True) -> Operation:
    world.time += 1
    details: dict[str, Any] = {"path": PATH, "owner": client, "held": held, "alive": alive}
    return world.add(client, "look", revision=world.revision, **details)


def release(world: World, client: str, fate: Fate = "ok", alive: bool = True) -> Operation:
    """Release the ownership, which does nothing unless the client is the owner."""
    world.time += 1
    if world.state.get(PATH) == client and fate in ("ok", "lost"):
        world.write({PATH: None})
    details: dict[str, Any] = {"path": PATH, "owner": client, "alive": alive}
    return world.add(client, "release", fate, 0, world.revision, **details)


@given(steps=STEPS)
def test_serial_ownership_has_no_violation(steps: list[tuple[str, str, Fate, float]]) -> None:
    world = World()
    for kind, client, fate, slack in steps:
        is_owner = world.state.get(PATH) == client
        if kind == "take":
            take(world, client, fate, slack)
        elif kind == "lose":
            lose(world)
        elif kind == "belief":
            believe(world, client, is_owner, slack)
        elif kind == "release":
            release(world, client, fate)
        else:
            look(world, client, is_owner)
    assert violations(world) == []


def contested() -> World:
    """Return a world in which one owner has followed another."""
    world = World()
    take(world, "one")
    believe(world, "one", True)
    lose(world)
    take(world, "two")
    assert violations(world) == []
    return world


def test_paused_client_that_believes_to_hold_is_found() -> None:
    world = contested()
    believe(world, "one", True)
    (found,) = violations(world)
    assert "one.2 believed to hold" in found


def test_belief_before_the_take_is_found() -> None:
    world = contested()
    early = believe(world, "two", True)
    early.began, early.ended = (
        each._replace(monotonic=each.monotonic - 4) for each in (early.began, early.ended)
    )
    assert len(violations(world)) == 1


def test_belief_in_an_expired_lease_is_found() -> None:
    world = contested()
    lose(world)
    believe(world, "two", True)
    assert len(violations(world)) == 1


def test_belief_during_a_pause_is_possible() -> None:
    """A client can be paused between its decision and the record of it."""
    world = contested()
    believe(world, "one", True, slack=4)
    assert violations(world) == []


def test_look_at_another_owner_is_found() -> None:
    world = contested()
    look(world, "one", True)
    (found,) = violations(world)
    assert "it is two" in found


def test_owner_that_is_answered_that_it_is_none_is_found() -> None:
    world = contested()
    look(world, "two", False)
    (found,) = violations(world)
    assert "two.1 is the owner" in found


def test_owner_whose_lease_has_ended_may_be_none() -> None:
    """Its key exists until the server ends the lease."""
    world = contested()
    look(world, "two", False, alive=False)
    release(world, "two", "dropped", alive=False).outcome = "ok"
    assert violations(world) == []


def test_release_without_effect_is_found() -> None:
    world = contested()
    dropped = release(world, "two", "dropped")
    dropped.outcome, dropped.revision = "ok", world.revision
    (found,) = violations(world)
    assert "two.1 released" in found


@pytest.mark.parametrize("alive", [True, False])
def test_failed_release_with_effect_is_found_if_the_lease_is_alive(alive: bool) -> None:
    """The key of an ended lease is deleted without a release."""
    world = contested()
    world.increment("other")
    failed = release(world, "two", alive=alive)
    failed.outcome = "failed"
    failed.began = failed.began._replace(monotonic=failed.began.monotonic - 1.5)
    found = violations(world)
    assert [each.startswith("two.1 failed to release") for each in found] == [True] * alive


def test_two_takes_are_found() -> None:
    world = contested()
    world.write({PATH: "one"})
    world.add("one", "take", revision=world.revision, path=PATH, owner="one")
    (found,) = violations(world)
    assert "was held by two" in found


def test_take_without_effect_is_found() -> None:
    world = contested()
    world.add("one", "take", revision=world.revision + 1, path=PATH, owner="one")
    (found,) = violations(world)
    assert "without effect" in found


def test_failed_take_with_effect_is_found() -> None:
    world = World()
    take(world, "one").outcome = "failed"
    (found,) = violations(world)
    assert "did not take it" in found


def test_unknown_take_with_two_effects_is_found() -> None:
    world = World()
    take(world, "one", "lost")
    lose(world)
    world.write({PATH: "one"})
    assert len(violations(world)) == 1


def test_owner_before_the_log_is_no_violation() -> None:
    world = World()
    world.is_logged = False
    world.write({PATH: "earlier"})
    world.is_logged = True
    take(world, "one")
    assert violations(world) == []
