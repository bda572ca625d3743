"""Leases that etcd ends too early: the versions, and what their owners are excused from."""

from __future__ import annotations

import math

import pytest

from tests.faults.checkers.early_ends import CLUSTER, ends_leases_early, too_many_excused
from tests.faults.checkers.events import Standing
from tests.faults.limits import LEASE_TTL_S
from tests.faults.running import Findings, end_of, find_all
from tests.faults.worlds import World

PATH = "/component/a/owner"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.4.23", True),
        ("3.4.30", True),
        ("3.4.31", False),
        ("3.5.1", True),
        ("3.5.12", True),
        ("3.5.13", False),
        ("3.5.30", False),
        ("3.6.0-rc.1", False),
    ],
)
def test_versions_with_the_defect_are_known(version: str, expected: bool) -> None:
    assert ends_leases_early(version) is expected


def late_belief(version: str | None, seconds: float) -> World:
    """Return a world in which an owner does not know that its lease has ended for so long."""
    world = World()
    if version is not None:
        world.add("nemesis", CLUSTER, etcd=version)
    # The second take is after the end of the first lease.
    for client in ("one", "two"):
        world.time += 1
        world.write({PATH: None})
        revision = world.write({PATH: client})
        world.add(client, "take", revision=revision, path=PATH, owner=client)
    world.time += seconds
    world.add("one", "belief", path=PATH, owner="one", held=True)
    return world


def found_in(world: World) -> Findings:
    """Return what all checkers find in a world without subscribers."""
    standing = Standing(math.inf, end_of(world.operations))
    return find_all(world.operations, world.changes, standing_of=lambda _: standing)


def test_owner_is_excused_until_its_lease_has_to_be_lost() -> None:
    found = found_in(late_belief("3.4.23", 1))
    assert (found.violations, found.excused_ownership) == ([], 1)
    found = found_in(late_belief("3.4.23", 2 * LEASE_TTL_S))
    assert "one.1 believed to hold" in found.violations[0]
    assert found.excused_ownership == 0


@pytest.mark.parametrize("version", ["3.5.16", None])
def test_owner_of_a_lease_of_another_version_is_not_excused(version: str | None) -> None:
    found = found_in(late_belief(version, 1))
    assert "one.1 believed to hold" in found.violations[0]
    assert found.excused_ownership == 0


@pytest.mark.parametrize(("version", "is_excused"), [("3.4.23", True), ("3.5.16", False)])
def test_release_that_fails_while_the_lease_ends_is_excused(
    version: str, is_excused: bool
) -> None:
    world = World()
    world.add("nemesis", CLUSTER, etcd=version)
    world.time += 1
    revision = world.write({PATH: "one"})
    world.add("one", "take", revision=revision, path=PATH, owner="one")
    # The key was deleted after it, and so after the release began.
    world.increment("other")
    world.time += 1
    world.write({PATH: None})
    world.add("one", "release", "failed", slack=3, path=PATH, owner="one", alive=True)
    found = found_in(world)
    assert found.excused_ownership == int(is_excused)
    assert any("failed to release" in each for each in found.violations) is not is_excused


def test_many_excused_messages_are_found() -> None:
    assert too_many_excused(11, 60) == []
    (found,) = too_many_excused(12, 60)
    assert "expected at most 11" in found
