"""Processor time and memory of processes, from ``/proc``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["processor_time", "resident", "tasks"]


def processor_time(pid: int) -> float:
    """Return the processor time of a process's threads that have not ended, in seconds.

    That of the process itself, which includes the others, has a resolution of 10 ms.
    """
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks(pid)) / 1e9


def tasks(pid: int) -> Iterator[Path]:
    """Yield the directory of each thread of a process."""
    return Path(f"/proc/{pid}/task").iterdir()


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) * 1024
