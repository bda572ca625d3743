"""Thread that keeps the processes of parts running."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ska_sdp_sim.stack.local import stop_together
from ska_sdp_sim.stack.part import Part

__all__ = ["CRASHES", "Keeper"]

CRASHES = "crashes.json"
"""Name of the file with the reports of the parts that have ended by themselves in a run."""

INTERVAL_S = 0.05
"""Time between two checks of the processes, in seconds."""

RESTART_AFTER_S = 1.0
"""Time before the restart of a process that ended by itself, in seconds."""

STOP_TIMEOUT_S = 30.0
"""Seconds after SIGTERM until a part is killed: Kubernetes' default grace period."""

STOPPED = (0, -signal.SIGTERM)
"""Exit codes of a part after SIGTERM; that of one that has not begun is the signal."""


@dataclass
class _Kept:
    """Part that is to run, and the time of its next start on the monotonic clock."""

    part: Part
    due: float = 0.0
    is_started: bool = False


class Keeper:
    """Starts parts, and starts those again that end by themselves. A context manager.

    The system kills a process when the thread that started it ends, so one thread starts all. All
    processes end with the context.

    Args:
        crashes: file of the reports, one JSON list a line, each written at once: a run may be
            killed. None for no file.

    Attributes:
        endings: a failure report for each process that ended by itself.
    """

    def __init__(self, crashes: Path | None = None) -> None:
        self._crashes = crashes
        if crashes is not None:
            crashes.touch()
        self.endings: list[str] = []
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper")

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def start(self, part: Part) -> None:
        """Keep a part running; return before its process is started."""
        with self._lock:
            self._kept.setdefault(part.name, _Kept(part))

    def kill(self, part: Part) -> None:
        """Kill a part with SIGKILL; it stays ended until it is started.

        Raises:
            ProcessLookupError: it has ended by itself; it is reported and started again.
        """
        # Meanwhile no check finds the killed process, which has not ended by itself.
        with self._lock:
            if not part.running:
                raise ProcessLookupError(f"{part.name} has ended by itself")
            part.kill()
            # Otherwise it ended before the signal, and a signal to a zombie is no error.
            if part.process.returncode != -signal.SIGKILL:
                raise ProcessLookupError(f"{part.name} {part.process.ending} by itself")
            self._kept.pop(part.name, None)

    def release(self, part: Part) -> None:
        """Report a part if it has ended by itself, and do not start it again."""
        with self._lock:
            kept = self._kept.pop(part.name, None)
            if kept is not None:
                self._report_end(kept)

    def stop(self, parts: Iterable[Part]) -> None:
        """Stop parts together; report those that crash meanwhile, or have to be killed."""
        parts = list(parts)
        for part in parts:
            self.release(part)
        stopped = [part for part in parts if part.running]
        stop_together(stopped, STOP_TIMEOUT_S)
        for part in stopped:
            if part.process.returncode not in STOPPED:
                with self._lock:
                    self._report(
                        part.process.failure_report(f"{part.process.ending} after SIGTERM")
                    )

    def _run(self) -> None:
        try:
            self._run_until_closed()
        except Exception as error:
            # All parts end with this thread.
            self._report(f"the thread that keeps the parts running has ended: {error!r}")

    def _run_until_closed(self) -> None:
        while not self._closed.wait(INTERVAL_S):
            with self._lock:
                for kept in self._kept.values():
                    self._ensure(kept)
        # The last check, before the end of this thread kills its processes.
        with self._lock:
            for kept in self._kept.values():
                self._report_end(kept)

    def _ensure(self, kept: _Kept) -> None:
        """Start the process of a part if it does not run and its start is due."""
        part = kept.part
        if part.running:
            return
        self._report_end(kept)
        if time.monotonic() < kept.due:
            return
        try:
            part.launch()
        except Exception as error:
            kept.due = time.monotonic() + RESTART_AFTER_S
            self._report(f"{part.name} could not be started: {error!r}")
        else:
            kept.is_started = True

    def _report_end(self, kept: _Kept) -> None:
        """Report once that the process of a part has ended by itself, if it has."""
        part = kept.part
        if kept.is_started and not part.running:
            kept.is_started = False
            kept.due = time.monotonic() + RESTART_AFTER_S
            self._report(part.process.failure_report(part.process.ending))

    def _report(self, text: str) -> None:
        self.endings.append(text)
        if self._crashes is not None:
            with self._crashes.open("a", encoding="utf-8") as file:
                file.write(json.dumps([text]) + "\n")
