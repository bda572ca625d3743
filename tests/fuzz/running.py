"""Search for inputs that break a rule, in rounds, guided by the lines that they reach."""

from __future__ import annotations

import json
import re
import time
import traceback
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.kind import Kind
from tests.fuzz.reached import Reached

__all__ = ["Defect", "Outcome", "fuzz"]

TRACED_ONE_IN = 4
"""Of so many inputs one is traced and guides the search: a trace takes longer than the check."""

ROUND = 1_000
"""Inputs per round. Hypothesis keeps all inputs of a round in memory."""

_SETTINGS = settings(
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.target, Phase.shrink),
    report_multiple_bugs=False,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True)
class Defect:
    """An input that breaks a rule.

    Attributes:
        case: the smallest input found.
        text: the error, with its traceback.
        seed: seed of the round.
    """

    case: Any
    text: str
    seed: int


@dataclass(slots=True)
class Outcome:
    """Outcome of a search.

    Attributes:
        kind: name of the kind of input.
        seed: seed of the first round.
        inputs: number of inputs that were checked.
        seconds: duration.
        cpu_seconds: processor time of it.
        reached: the lines that they reached.
        defects: one input for each defect.
    """

    kind: str
    seed: int
    inputs: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    reached: Reached = field(default_factory=Reached)
    defects: list[Defect] = field(default_factory=list)

    def figures(self) -> dict[str, str | int]:
        """Return the figures that the documentation shows."""
        return {
            "kind": self.kind,
            "seed": self.seed,
            "inputs": self.inputs,
            "defects": len(self.defects),
        }

    def __str__(self) -> str:
        rate = self.inputs / self.cpu_seconds if self.cpu_seconds else 0.0
        return (
            f"{self.kind}: {self.inputs} inputs in {self.seconds:.0f} s "
            f"({rate:.0f} per second of processor time), "
            f"{len(self.reached.counts)} lines reached, "
            f"{len(self.defects)} defects, seed {self.seed}"
        )


class _Search:
    """Search in one kind of input."""

    def __init__(self, kind: Kind, outcome: Outcome, on_new: Callable[[Any], None]) -> None:
        self._kind = kind
        self._outcome = outcome
        self._on_new = on_new
        self._known: set[str] = set()
        self._failed: tuple[Any, str, str] | None = None

    def run_round(self, seed: int, inputs: int) -> None:
        """Check inputs until one breaks a rule in a way that none has before."""
        self._failed = None

        @hypothesis.seed(seed)
        @settings(_SETTINGS, max_examples=inputs)
        @hypothesis.given(self._kind.cases)
        def search(case: Any) -> None:
            self._one(case)

        try:
            search()
        except Exception:
            # The last input that failed is the smallest.
            if self._failed is None:
                raise
            case, text, place = self._failed
            self._known.add(place)
            self._outcome.defects.append(Defect(case, text, seed))

    def _one(self, case: Any) -> None:
        outcome = self._outcome
        # Those that only make a failure smaller are not counted.
        outcome.inputs += self._failed is None
        is_traced = zlib.crc32(json.dumps(case).encode()) % TRACED_ONE_IN == 0
        try:
            with outcome.reached.recorded() if is_traced else nullcontext():
                self._kind.check_in_time(case)
        except Exception as error:
            place = _place_of(error)
            if place in self._known:
                return
            self._failed = case, "".join(traceback.format_exception(error)), place
            raise
        if not is_traced:
            return
        hypothesis.target(outcome.reached.rarity)
        if outcome.reached.is_new:
            self._on_new(case)


def fuzz(
    kind: Kind,
    inputs: int,
    seed: int,
    seconds: float = float("inf"),
    on_new: Callable[[Any], None] = lambda case: None,
) -> Outcome:
    """Check inputs of a kind.

    Args:
        kind: the kind.
        inputs: number of inputs.
        seed: seed of the first round; the next one has the next seed.
        seconds: duration after which no round begins.
        on_new: called with each input that reaches lines that none before it has.
    """
    outcome = Outcome(kind.name, seed)
    search = _Search(kind, outcome, on_new)
    began, began_cpu = time.monotonic(), time.process_time()
    rounds = 0
    while outcome.inputs < inputs and time.monotonic() - began < seconds:
        search.run_round(seed + rounds, min(ROUND, inputs - outcome.inputs))
        rounds += 1
    outcome.seconds = time.monotonic() - began
    outcome.cpu_seconds = time.process_time() - began_cpu
    return outcome


def _place_of(error: BaseException) -> str:
    """Return the type and place of an error, which identify a defect."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    # One assertion may find several defects.
    about = re.split("[:\n]", str(error))[0] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {last.filename}:{last.lineno} {about}"
