"""Schedule of the faults, on a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.faults.fault import FaultNotPossibleError
from tests.faults.history import HistoryWriter, Operation, of_kind, read_file
from tests.faults.nemesis import Group, Nemesis, Pace


class Clock:
    """Clock that sleeping advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Planned:
    """Fault that records its begins and ends.

    Attributes:
        is_possible: whether it can begin.
        ends: whether its end succeeds.
        breaks: whether its begin raises after it is in effect.
        details: what its begin returns.
    """

    name: str
    clock: Clock
    lasts_s: tuple[float, float] = (1.0, 2.0)
    is_possible: bool = True
    ends: bool = True
    breaks: bool = False
    details: dict[str, float] | None = None
    periods: list[tuple[float, float]] = field(default_factory=list)
    in_effect: float | None = None

    def begin(self) -> dict[str, float] | None:
        if not self.is_possible:
            raise FaultNotPossibleError("there is no leader")
        assert self.in_effect is None
        self.in_effect = self.clock()
        if self.breaks:
            raise OSError("it is half begun")
        return self.details

    def end(self) -> None:
        assert self.in_effect is not None
        self.periods.append((self.in_effect, self.clock()))
        self.in_effect = None
        if not self.ends:
            raise OSError("it does not end")


class World:
    """Two groups of three faults."""

    def __init__(self, directory: Path, seed: int = 1, pace: Pace | None = None) -> None:
        self.clock = Clock()
        self.file = directory / "nemesis.history.jsonl"
        self.faults = {
            group: [Planned(f"{group} {number}", self.clock) for number in range(3)]
            for group in ("network", "cluster")
        }
        self._groups = [
            Group(name, faults, (0.5, 1.5), seed) for name, faults in self.faults.items()
        ]
        self._pace = pace or Pace()

    def run(
        self, faults: int, within_s: float = 1e6, after_round: Callable[[int], None] = print
    ) -> int:
        """Run the nemesis."""
        with HistoryWriter(self.file, "nemesis") as history:
            nemesis = Nemesis(self._groups, history, self._pace, self.clock, self.clock.sleep)
            return nemesis.run(faults, within_s, after_round)

    def every(self) -> list[Planned]:
        return [fault for group in self.faults.values() for fault in group]

    def recorded(self) -> list[Operation]:
        """Return the faults of the history."""
        return of_kind(read_file(self.file), "fault")


def test_each_fault_of_a_group_comes_before_any_comes_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.run(faults=60) == 60
    for group in world.faults.values():
        counts = [len(fault.periods) for fault in group]
        assert max(counts) - min(counts) <= 1


def test_faults_of_a_group_do_not_overlap_and_those_of_two_do(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(faults=60)
    periods = {
        name: sorted(period for fault in group for period in fault.periods)
        for name, group in world.faults.items()
    }
    for each in periods.values():
        assert all(first[1] < second[0] for first, second in pairwise(each))
    assert any(
        first[0] < second[1] and second[0] < first[1]
        for first in periods["network"]
        for second in periods["cluster"]
    )


def test_schedule_depends_on_the_random_seed_only(tmp_path: Path) -> None:
    def schedule(name: str, seed: int) -> list[list[tuple[float, float]]]:
        directory = tmp_path / name
        directory.mkdir()
        world = World(directory, seed)
        world.run(faults=30)
        return [fault.periods for fault in world.every()]

    assert schedule("one", 1) == schedule("again", 1) != schedule("other", 2)


def test_each_round_ends_with_a_rest_without_faults(tmp_path: Path) -> None:
    world = World(tmp_path, pace=Pace(faults=7, rest_s=100))
    totals: list[int] = []
    began = world.clock()

    def after_round(total: int) -> None:
        totals.append(total)
        last = max(period[1] for fault in world.every() for period in fault.periods)
        assert world.clock() - last == pytest.approx(100)
        assert all(fault.in_effect is None for fault in world.every())

    world.run(20, after_round=after_round)
    assert totals == [7, 14, 20]
    assert world.clock() - began > 300


def test_no_round_begins_after_the_time(tmp_path: Path) -> None:
    world = World(tmp_path, pace=Pace(faults=7, rest_s=100))
    assert world.run(faults=100, within_s=1) == 7


def test_faults_are_recorded_with_begin_and_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(faults=10)
    recorded = world.recorded()
    assert len(recorded) == 10
    assert {each.outcome for each in recorded} == {"ok"}
    assert {each.details["fault"] for each in recorded} <= {fault.name for fault in world.every()}


def test_details_of_a_fault_are_recorded_also_without_its_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    planned = world.faults["network"][1]
    planned.details, planned.ends = {"ahead_s": -5.0}, False
    with pytest.raises(OSError, match="it does not end"):
        world.run(faults=60)
    (recorded,) = [each for each in world.recorded() if each.details["fault"] == planned.name]
    assert recorded.outcome == "unknown"
    assert recorded.details == {"fault": planned.name, "ahead_s": -5.0}


def test_fault_that_cannot_begin_does_not_count(tmp_path: Path) -> None:
    world = World(tmp_path)
    impossible = world.faults["cluster"][0]
    impossible.is_possible = False
    assert world.run(faults=20) == 20
    outcomes = {each.details["fault"]: each.outcome for each in world.recorded()}
    assert outcomes.pop(impossible.name) == "failed"
    assert set(outcomes.values()) == {"ok"}


def test_fault_that_was_not_in_effect_ends_and_does_not_count(tmp_path: Path) -> None:
    world = World(tmp_path)
    for fault in world.faults["cluster"]:
        fault.details = {"is_in_effect": False}
    assert world.run(faults=20) == 20
    assert sum(len(fault.periods) for fault in world.faults["network"]) == 20
    assert len(world.recorded()) > 20


def test_run_without_a_possible_fault_fails(tmp_path: Path) -> None:
    world = World(tmp_path)
    for fault in world.every():
        fault.is_possible = False
    with pytest.raises(RuntimeError, match="there is no leader"):
        world.run(faults=1)


def test_run_without_a_fault_in_effect_fails(tmp_path: Path) -> None:
    world = World(tmp_path)
    for fault in world.every():
        fault.details = {"is_in_effect": False}
    with pytest.raises(RuntimeError, match="it was not in effect"):
        world.run(faults=1)
    assert all(fault.in_effect is None for fault in world.every())


def test_rest_after_each_round_is_recorded(tmp_path: Path) -> None:
    world = World(tmp_path, pace=Pace(faults=7, rest_s=100))
    world.run(20)
    rests = of_kind(read_file(world.file), "rest")
    assert [each.outcome for each in rests] == ["ok"] * 3


def test_all_faults_end_if_one_fails_to_begin(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.faults["network"][1].breaks = True
    with pytest.raises(OSError, match="it is half begun"):
        world.run(faults=60)
    assert all(fault.in_effect is None for fault in world.every())
    assert world.faults["network"][1].periods


def test_all_faults_end_if_one_fails_to_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.faults["network"][1].ends = False
    with pytest.raises(OSError, match="it does not end"):
        world.run(faults=60)
    assert all(fault.in_effect is None for fault in world.every())
