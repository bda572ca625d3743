"""Wall clock of processes, which faults step; their monotonic clock is that of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["SEEN_WITHIN_S", "Clock", "library", "with_real_clock"]

SEEN_WITHIN_S = 3.0
"""Seconds within which each process sees a step on a busy machine, also one that reads the file of
the clock once a second."""

_PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")

FAKED = Path(__file__).with_name("faked")
"""Directory of the module that Python imports at its start in these processes."""

VARIABLES = (
    "LD_PRELOAD",
    "FAKETIME_TIMESTAMP_FILE",
    "FAKETIME_CACHE_DURATION",
    "FAKETIME_NO_CACHE",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "NO_FAKE_STAT",
    "PYTHONPATH",
)
"""Environment variables of a ``Clock``."""


@cache
def library() -> Path | None:
    """Return the path of Debian's libfaketime for programs with threads, None without it."""
    root = Path("/")
    found = [path for place in _PLACES for path in root.glob(place.removeprefix("/"))]
    return found[0] if found else None


def remove_leftovers(directory: Path = Path("/dev/shm")) -> None:
    """Remove the shared memory of ended processes, which libfaketime leaves if they are killed."""
    for file in directory.glob("*faketime_s*_*"):
        pid = file.name.rpartition("_")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            # Another user's files stay.
            with suppress(PermissionError):
                file.unlink(missing_ok=True)


def with_real_clock(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables of a ``Clock``."""
    return {name: value for name, value in environment.items() if name not in VARIABLES}


class Clock:
    """Wall clock of the processes that are started with its environment.

    Args:
        file: file that libfaketime reads; it is created.
        is_cached: whether processes read it once a second only, so that a step takes effect after
            at most two seconds. Otherwise it takes effect at once, but each process that uses gRPC
            takes a fifth of a processor to read it.

    Raises:
        FileNotFoundError: libfaketime is not installed.
    """

    def __init__(self, file: Path, *, is_cached: bool = False) -> None:
        preloaded = library()
        if preloaded is None:
            raise FileNotFoundError(
                "libfaketime is not installed: install Debian's package faketime"
            )
        remove_leftovers()
        self._file = file
        self.environment = {
            "LD_PRELOAD": str(preloaded),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            **({"FAKETIME_CACHE_DURATION": "1"} if is_cached else {"FAKETIME_NO_CACHE": "1"}),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Python compares the times of its source files with those of the compiled ones.
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(FAKED),
        }
        self.step(0)

    def step(self, ahead_s: float) -> None:
        """Set the clock ahead of that of the machine, behind it if negative; in seconds."""
        # A rename is atomic: no process reads a part of the text.
        scratch = self._file.with_suffix(".next")
        scratch.write_text(f"{ahead_s:+.3f}\n")
        scratch.replace(self._file)
