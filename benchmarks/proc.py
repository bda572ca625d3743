"""Processor time and memory of processes, from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["processor_time", "resident", "tasks", "total_processor_time"]


def processor_time(pid: int) -> float:
    """Return the processor time of a process's threads that have not ended, in seconds.

    Its resolution is 1 ns; see ``total_processor_time``.
    """
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks(pid)) / 1e9


def total_processor_time(pid: int) -> float:
    """Return the processor time of a process, with that of ended threads, in seconds.

    Its resolution is 10 ms.
    """
    # The name of the program, in brackets, may contain spaces and brackets.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def tasks(pid: int) -> Iterator[Path]:
    """Yield the directory of each thread of a process."""
    return Path(f"/proc/{pid}/task").iterdir()


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) * 1024
