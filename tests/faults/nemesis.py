"""Seeded schedule of faults, each recorded as an operation of kind ``fault``.

The rest after each round of faults is an operation of kind ``rest``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.faults.fault import Fault, FaultNotPossibleError
from tests.faults.history import HistoryWriter, Operation

__all__ = ["Group", "Nemesis", "Pace"]

MAX_IMPOSSIBLE = 100
"""Number of faults in a row that cannot begin, or were not in effect, before the run fails."""


class Group:
    """Faults of which one is in effect at a time.

    Faults of two groups may overlap. The choices depend on the random seed and the name only. Each
    kind comes once before any comes again.

    Args:
        name: name of the group.
        faults: its faults, at least one.
        gap_s: least and greatest number of seconds between two of its faults.
        seed: random seed.
    """

    def __init__(
        self, name: str, faults: Sequence[Fault], gap_s: tuple[float, float], seed: int
    ) -> None:
        self.name = name
        self._faults = faults
        self._gap_s = gap_s
        self._chance = random.Random(f"{seed} {name}")
        self._coming: list[Fault] = []

    def next_fault(self) -> tuple[Fault, float]:
        """Return the next fault and its duration in seconds."""
        if not self._coming:
            self._coming = self._chance.sample(self._faults, len(self._faults))
        fault = self._coming.pop()
        return fault, self._chance.uniform(*fault.lasts_s)

    def gap(self) -> float:
        """Return the seconds until the next fault."""
        return self._chance.uniform(*self._gap_s)


@dataclass(frozen=True)
class Pace:
    """Rounds of faults, each followed by a rest, in which all has to recover.

    Attributes:
        faults: number of faults in a round.
        rest_s: seconds without faults after each round.
        slowness: factor of the gaps between the faults of a group.
    """

    faults: int = 40
    rest_s: float = 20.0
    slowness: float = 1.0


@dataclass
class _Turn:
    """Next act of a group: it begins a fault, or ends the one in effect."""

    group: Group
    due: float
    fault: Fault | None = None
    operation: Operation | None = None


class Nemesis:
    """Begins and ends faults on the thread that calls it.

    Args:
        groups: groups of faults.
        history: records them.
        pace: pace of the faults.
        clock: returns the present time in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        history: HistoryWriter,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._groups = groups
        self._history = history
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._impossible = 0

    def run(
        self, faults: int, within_s: float, after_round: Callable[[int], None] = lambda _: None
    ) -> int:
        """Begin and end a number of faults, in rounds; return the number of faults that began.

        All have ended when it returns, also if it raises.

        Args:
            faults: greatest number of faults.
            within_s: seconds after which no round begins.
            after_round: called after each rest with the number of faults so far.

        Raises:
            RuntimeError: for a long time no fault could begin.
            Exception: a fault failed to begin, or to end.
        """
        deadline = self._clock() + within_s
        begun = 0
        while begun < faults and self._clock() < deadline:
            begun += self._round(min(self._pace.faults, faults - begun))
            rest = self._history.begin("rest")
            self._sleep(self._pace.rest_s)
            self._history.end(rest, "ok")
            after_round(begun)
        return begun

    def _round(self, faults: int) -> int:
        """Begin and end so many faults, and return their number."""
        now = self._clock()
        turns = [_Turn(group, now + self._gap(group)) for group in self._groups]
        begun = 0
        try:
            while begun < faults:
                turn = min(turns, key=lambda each: each.due)
                self._sleep(max(0.0, turn.due - self._clock()))
                if turn.fault is None:
                    begun += self._begin(turn)
                else:
                    self._end(turn)
        finally:
            self._end_all(turns)
        return begun

    def _begin(self, turn: _Turn) -> bool:
        """Begin the next fault of a group; return whether it is in effect."""
        fault, seconds = turn.group.next_fault()
        operation = self._history.begin("fault", fault=fault.name)
        try:
            details = fault.begin()
        except FaultNotPossibleError as error:
            self._history.end(operation, "failed", error=str(error))
            turn.due = self._clock() + self._gap(turn.group)
            self._count_impossible(f"{fault.name}: {error}")
            return False
        except Exception:
            # It may be half begun.
            with suppress(Exception):
                fault.end()
            raise
        if details:
            # At once: a run that is interrupted does not record the end.
            operation.details |= details
            self._history.attempt(operation)
        turn.fault, turn.operation = fault, operation
        turn.due = self._clock() + seconds
        if not operation.was_in_effect:
            self._count_impossible(f"{fault.name}: it was not in effect")
            return False
        self._impossible = 0
        return True

    def _count_impossible(self, what: str) -> None:
        """Count a fault that had no effect; too many in a row end the run.

        Raises:
            RuntimeError: there were too many.
        """
        self._impossible += 1
        if self._impossible > MAX_IMPOSSIBLE:
            raise RuntimeError(f"no fault could begin, at last {what}")

    def _end(self, turn: _Turn) -> None:
        """End the fault of a group."""
        fault, operation = turn.fault, turn.operation
        assert fault is not None
        assert operation is not None
        turn.fault = turn.operation = None
        fault.end()
        self._history.end(operation, "ok")
        turn.due = self._clock() + self._gap(turn.group)

    def _end_all(self, turns: Sequence[_Turn]) -> None:
        """End the faults in effect when they are due, each even if another one fails to end."""
        errors: list[Exception] = []
        for turn in sorted(turns, key=lambda each: each.due):
            if turn.fault is None:
                continue
            self._sleep(max(0.0, turn.due - self._clock()))
            try:
                self._end(turn)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _gap(self, group: Group) -> float:
        return group.gap() * self._pace.slowness
