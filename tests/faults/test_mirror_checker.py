"""Checker of mirrors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checkers.mirrors import check_mirrors
from tests.faults.transactions import DATA
from tests.faults.worlds import World

WRITES = st.dictionaries(
    st.sampled_from([f"{DATA}a", f"{DATA}b", f"{DATA}c/d", "/elsewhere"]),
    st.sampled_from(["1", "2", None]),
    max_size=3,
)


class Mirror:
    """Mirror of a world that shows its state at some revisions."""

    def __init__(self, world: World, name: str = "mirror") -> None:
        self._world = world
        self._name = name
        self._shown: dict[str, str] = {}

    def show(self, *, whole: bool = False) -> None:
        state = {path: v for path, v in self._world.state.items() if path.startswith(DATA)}
        before, self._shown = self._shown, state
        values: dict[str, str | None] = dict.fromkeys(before.keys() - state.keys())
        values |= {path: value for path, value in state.items() if before.get(path) != value}
        self._world.add(
            self._name,
            "mirror",
            revision=self._world.revision,
            whole=whole,
            values=state if whole else values,
        )


STEPS = st.lists(st.tuples(WRITES, st.sampled_from(["changes", "whole", "nothing"])))


def run(steps: list[tuple[dict[str, str | None], str]]) -> World:
    """Return a world with one mirror that follows and one that reads at the end."""
    world = World()
    mirrors = [Mirror(world, name) for name in ("one", "two")]
    for writes, shows in steps:
        world.write(writes)
        if shows != "nothing":
            mirrors[0].show(whole=shows == "whole")
    for mirror in mirrors:
        mirror.show(whole=True)
    return world


@given(steps=STEPS)
def test_exact_mirrors_have_no_violation(steps: list[tuple[dict[str, str | None], str]]) -> None:
    world = run(steps)
    assert check_mirrors(world.operations, world.changes, DATA, world.revision) == []


@given(steps=STEPS, data=st.data())
def test_any_other_value_of_a_mirror_is_found(
    steps: list[tuple[dict[str, str | None], str]], data: st.DataObject
) -> None:
    world = run(steps)
    values = data.draw(st.sampled_from(world.operations)).details["values"]
    values[f"{DATA}{data.draw(st.sampled_from('ab'))}"] = "another"
    found = check_mirrors(world.operations, world.changes, DATA)
    assert any("is 'another'" in each for each in found)


@pytest.fixture
def world() -> World:
    world = World()
    mirror = Mirror(world)
    for number in range(3):
        world.write({f"{DATA}a": str(number), f"{DATA}b": str(number)})
        mirror.show()
    assert check_mirrors(world.operations, world.changes, DATA, world.revision) == []
    return world


def violations(world: World, settled: int = 0) -> list[str]:
    return check_mirrors(world.operations, world.changes, DATA, settled)


def test_mirror_that_skips_a_change_is_found(world: World) -> None:
    del world.operations[1].details["values"][f"{DATA}b"]
    (found,) = violations(world)
    assert "'0', not '1'" in found


def test_mirror_that_mixes_revisions_is_found(world: World) -> None:
    world.operations[0].details["values"][f"{DATA}b"] = "1"
    assert len(violations(world)) == 1


def test_mirror_that_goes_back_is_found(world: World) -> None:
    world.operations.append(world.operations[0])
    (found,) = violations(world)
    assert "went back from 4 to 2" in found


def test_mirror_that_keeps_a_deleted_path_is_found(world: World) -> None:
    world.write({f"{DATA}a": None})
    world.add("mirror", "mirror", revision=world.revision, whole=False, values={})
    (found,) = violations(world)
    assert "'2', not None" in found


def test_mirror_that_stops_is_found(world: World) -> None:
    world.write({f"{DATA}a": "last"})
    assert violations(world) == []
    (found,) = violations(world, world.revision)
    assert "stopped at 4, before the change at 5" in found


def test_mirror_that_shows_nothing_is_found(world: World) -> None:
    world.add("silent", "mirroring", prefix=DATA)
    assert violations(world) == []
    (found,) = violations(world, world.revision)
    assert found == "silent stopped at 0, before the change at 2"


def test_mirror_that_was_killed_may_stop(world: World) -> None:
    world.write({f"{DATA}a": "last"})
    world.add("clients", "killed", name="other")
    assert len(violations(world, world.revision)) == 1
    world.add("clients", "killed", name="mirror")
    assert violations(world, world.revision) == []
