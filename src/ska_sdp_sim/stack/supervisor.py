"""Supervision of a running stack: report a part that ended, and restart it on request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ska_sdp_sim.stack.part import Part

MIN_DELAY_S = 1.0
MAX_DELAY_S = 30.0
STABLE_AFTER_S = 60.0
"""Run time after which the restart delay is reset, in seconds."""


def next_delay(previous: float, ran: float) -> float:
    """Return the delay before a restart, in seconds.

    Args:
        previous: Delay before the previous restart, 0 if there was none.
        ran: Run time since then, in seconds.
    """
    if previous == 0 or ran >= STABLE_AFTER_S:
        return MIN_DELAY_S
    return min(2 * previous, MAX_DELAY_S)


@dataclass
class _Restart:
    """Restart state of one part: last start, current delay, and due time."""

    started: float
    delay: float = 0.0
    due: float | None = None


class Supervisor:
    """Monitors the processes of a stack. Use it in the thread that started them.

    Args:
        restart: Whether to restart a part that ended, any number of times. If not, the end of one
            part ends the stack.
        echo: Called with messages for the user.
        now: Clock, in seconds.
    """

    def __init__(
        self,
        parts: Iterable[Part],
        *,
        restart: bool,
        echo: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._echo = echo
        self._now = now
        self._restarts_parts = restart
        self._failed = False
        self._parts = [(part, _Restart(now())) for part in parts]

    def check(self) -> bool:
        """Restart the parts that are due; return whether the stack is still running.

        Call it after the end of each child process, and at least once a second.
        """
        for part, restart in self._parts:
            if self._failed:
                break
            if part.running:
                continue
            if not self._restarts_parts:
                self._failed = True
                self._echo(part.process.failure_report(part.process.ending))
            elif restart.due is None:
                self._plan(part, restart, part.process.ending)
            elif self._now() >= restart.due:
                self._launch(part, restart)
        return not self._failed

    def _plan(self, part: Part, restart: _Restart, what: str) -> None:
        now = self._now()
        restart.delay = next_delay(restart.delay, now - restart.started)
        restart.due = now + restart.delay
        self._echo(
            f"{part.name} {what}: restarting it in {restart.delay:g} s; its log: {part.log}"
        )

    def _launch(self, part: Part, restart: _Restart) -> None:
        restart.started, restart.due = self._now(), None
        try:
            part.launch()
        except OSError as error:
            self._plan(part, restart, f"could not be started ({error})")
        else:
            self._echo(f"Restarted {part.name}, process {part.process.pid}.")
