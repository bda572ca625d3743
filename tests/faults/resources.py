"""Memory, threads and descriptors of processes, sampled by /proc, and whether they stay level."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "INTERVAL_S",
    "SAMPLES",
    "Level",
    "Sample",
    "Sampler",
    "growths",
    "levels",
    "read_samples",
    "sample",
]

SAMPLES = "resources.jsonl"
"""Name of the file of a soak with its samples."""

INTERVAL_S = 5.0
"""Seconds between two samples."""

MIN_SAMPLES = 9
"""Number of samples of a process, below which its level is not determined. A process
that starts late has fewer, which is reported."""

ALLOWANCES = {"memory_kb": (0.05, 2048), "threads": (0.0, 1), "descriptors": (0.0, 2)}
"""Growth that counts as level: a share of the earlier median, and an absolute amount."""


class Sample(NamedTuple):
    """Resources of a process at a time.

    Attributes:
        time: time on the monotonic clock.
        name: name of the part or client.
        pid: its process ID; another one after a restart.
        memory_kb: resident memory in KiB.
        threads: number of threads.
        descriptors: number of open file descriptors.
    """

    time: float
    name: str
    pid: int
    memory_kb: int
    threads: int
    descriptors: int


class Level(NamedTuple):
    """A resource of a process after its warm-up, which is the first third of its samples.

    Attributes:
        name: name of the part or client.
        pid: its process ID.
        resource: ``memory_kb``, ``threads`` or ``descriptors``.
        before: median in the second third of its samples.
        after: median in the last third.
    """

    name: str
    pid: int
    resource: str
    before: float
    after: float

    @property
    def has_grown(self) -> bool:
        """Whether the later median exceeds the earlier one by more than the allowance."""
        share, amount = ALLOWANCES[self.resource]
        return self.after > self.before * (1 + share) + amount


def sample(name: str, pid: int) -> Sample | None:
    """Return the present resources of a process, None if it has ended."""
    process = Path("/proc", str(pid))
    try:
        status = (process / "status").read_text()
        descriptors = sum(1 for _ in (process / "fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return None
    memory = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    threads = re.search(r"^Threads:\s+(\d+)$", status, re.MULTILINE)
    if memory is None or threads is None:
        # It has ended, and its exit code was not read yet.
        return None
    return Sample(time.monotonic(), name, pid, int(memory[1]), int(threads[1]), descriptors)


class Sampler:
    """Writes samples of processes to a file, one JSON list a line. A context manager.

    Its end raises the error that has ended the sampling, if there was one.

    Args:
        path: the file.
        processes: returns the present process IDs by name.
    """

    def __init__(self, path: Path, processes: Callable[[], Mapping[str, int]]) -> None:
        self._path = path
        self._processes = processes
        self._closed = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="sampler")

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()
        self.check()

    def check(self) -> None:
        """Raise the error that has ended the sampling, if there was one."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._sample()
        except Exception as error:
            self._error = error

    def _sample(self) -> None:
        with self._path.open("w", encoding="utf-8") as file:
            while not self._closed.wait(INTERVAL_S):
                for name, pid in self._processes().items():
                    found = sample(name, pid)
                    if found is not None:
                        file.write(json.dumps(found) + "\n")
                file.flush()


def read_samples(path: Path) -> Iterator[Sample]:
    """Read the samples of a file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Sample(*json.loads(line))


def levels(samples: Iterable[Sample]) -> list[Level]:
    """Return the level of each resource of each process that has enough samples."""
    return _levels(_by_process(samples))


def growths(samples: Iterable[Sample]) -> list[str]:
    """Return a message for each resource of a process that is not level after its warm-up.

    Also for each process that has too few samples.
    """
    by_process = _by_process(samples)
    if not by_process:
        return ["no process was sampled"]
    return [
        *(
            f"{name} (process {pid}) has only {len(found)} samples"
            for (name, pid), found in by_process.items()
            if len(found) < MIN_SAMPLES
        ),
        *(
            f"{each.resource} of {each.name} grew from {each.before:g} to {each.after:g}"
            for each in _levels(by_process)
            if each.has_grown
        ),
    ]


def _levels(by_process: Mapping[tuple[str, int], list[Sample]]) -> list[Level]:
    return [
        Level(name, pid, resource, *_medians(found, resource))
        for (name, pid), found in by_process.items()
        if len(found) >= MIN_SAMPLES
        for resource in ALLOWANCES
    ]


def _by_process(samples: Iterable[Sample]) -> dict[tuple[str, int], list[Sample]]:
    found: defaultdict[tuple[str, int], list[Sample]] = defaultdict(list)
    for each in samples:
        found[each.name, each.pid].append(each)
    return found


def _medians(samples: list[Sample], resource: str) -> tuple[float, float]:
    """Return the medians of a resource in the second and in the last third."""
    third = len(samples) // 3
    values = [getattr(each, resource) for each in samples]
    return statistics.median(values[third : 2 * third]), statistics.median(values[2 * third :])
