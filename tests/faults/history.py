"""Recorded history of a run: operations of clients, one JSON document a line.

An operation has one line when it begins and one when it ends. A retried transaction has a line for
each attempt, written before its commit, so that the history of a killed client contains whatever
could have taken effect. Times are of the monotonic clock of the machine, which all processes
share, and of the wall clock.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

__all__ = [
    "NEVER",
    "SUFFIX",
    "HistoryWriter",
    "Operation",
    "Outcome",
    "Time",
    "of_kind",
    "read_file",
    "read_run",
]

Outcome = Literal["ok", "failed", "unknown"]
"""``ok`` took effect, ``failed`` certainly had no effect, ``unknown`` may have had one."""

SUFFIX = ".history.jsonl"


class Time(NamedTuple):
    """Time on both clocks, in seconds."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Time:
        """Return the present time."""
        return cls(time.monotonic(), time.time())


NEVER = Time(math.inf, math.inf)


@dataclass(slots=True)
class Operation:
    """Operation of a client.

    Attributes:
        client: name of the client process, unique in the run.
        number: number of the operation in its client.
        kind: kind of operation, such as ``transfer``.
        began: time before its first step.
        ended: time of its answer, infinite without one.
        outcome: whether it took effect.
        revision: revision of its commit, or of its reads if it wrote nothing; 0 if unknown.
        details: values by name; the keys depend on the kind.
    """

    client: str
    number: int
    kind: str
    began: Time
    ended: Time = NEVER
    outcome: Outcome = "unknown"
    revision: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the operation, unique in the run."""
        return f"{self.client}.{self.number}"

    @property
    def was_in_effect(self) -> bool:
        """Whether a fault was in effect, as far as that is known."""
        return self.outcome != "failed" and bool(self.details.get("is_in_effect", True))

    def concerns(self, subarray: str) -> bool:
        """Return whether a fault may concern a subarray: that of another part does not.

        Args:
            subarray: ID of the subarray.
        """
        subarrays = self.details.get("subarrays")
        return self.kind != "fault" or subarrays is None or subarray in subarrays


class HistoryWriter:
    """Writes the history of one client. Thread-safe; a context manager.

    Each line is passed to the operating system at once: a killed process loses none.

    Args:
        path: file to append to.
        client: name of the client.
    """

    def __init__(self, path: Path, client: str) -> None:
        self.client = client
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._next = 0

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def begin(self, kind: str, **details: Any) -> Operation:
        """Record that an operation begins, and return it."""
        with self._lock:
            number = self._next
            self._next += 1
        operation = Operation(self.client, number, kind, Time.now(), details=details)
        self.attempt(operation)
        return operation

    def attempt(self, operation: Operation) -> None:
        """Record the present details of an operation, which replace earlier ones."""
        self._write(
            client=operation.client,
            number=operation.number,
            kind=operation.kind,
            began=operation.began,
            details=operation.details,
        )

    def end(
        self, operation: Operation, outcome: Outcome, revision: int = 0, **details: Any
    ) -> None:
        """Record the answer; these details are added to those of the operation."""
        operation.ended, operation.outcome = Time.now(), outcome
        operation.revision = revision
        operation.details |= details
        self._write(
            client=operation.client,
            number=operation.number,
            ended=operation.ended,
            outcome=outcome,
            revision=revision,
            details=details,
        )

    def note(self, kind: str, revision: int = 0, **details: Any) -> None:
        """Record an observation, which has no duration."""
        self.end(self.begin(kind, **details), "ok", revision)

    def _write(self, **line: Any) -> None:
        text = json.dumps(line, separators=(",", ":")) + "\n"
        with self._lock:
            self._file.write(text)
            self._file.flush()


def read_file(path: Path) -> Iterator[Operation]:
    """Read the operations of one file in the order of their ends; those without one are last.

    The last line may be incomplete, if the client was killed.

    Raises:
        ValueError: a line before the last one is damaged; the message has file and line.
    """
    begun: dict[tuple[str, int], Operation] = {}
    for line in _lines(path):
        key = line["client"], line["number"]
        if "began" in line:
            begun[key] = Operation(
                *key, line["kind"], Time(*line["began"]), details=line["details"]
            )
            continue
        operation = begun.pop(key)
        operation.ended = Time(*line["ended"])
        operation.outcome, operation.revision = line["outcome"], line["revision"]
        operation.details |= line["details"]
        yield operation
    yield from begun.values()


def read_run(directory: Path) -> list[Operation]:
    """Read all histories of a run, and return its operations in the order of their beginnings."""
    files = sorted(directory.glob(f"*{SUFFIX}"))
    operations = [operation for file in files for operation in read_file(file)]
    return sorted(operations, key=attrgetter("began"))


def of_kind(operations: Iterable[Operation], *kinds: str) -> list[Operation]:
    """Return the operations of some kinds."""
    return [operation for operation in operations if operation.kind in kinds]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith("\n"):
                return
            try:
                line: dict[str, Any] = json.loads(text)
            except ValueError as error:
                raise ValueError(f"{path}:{number} is no line of a history: {error}") from error
            yield line
