"""Supervision of a running stack: report a part that ended, and restart it if asked to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ska_sdp_sim.stack.part import Part

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STABLE_AFTER_S = 60.0
"""Seconds that a part must have run for the next pause to be the first one again."""


def next_pause(previous: float, ran: float) -> float:
    """Return the pause before a restart, in seconds.

    Args:
        previous: Pause before the restart before, 0 if there was none.
        ran: Seconds that the part has run since.
    """
    if previous == 0 or ran >= STABLE_AFTER_S:
        return FIRST_PAUSE_S
    return min(2 * previous, LONGEST_PAUSE_S)


@dataclass
class _Restart:
    """Restarts of one part: when it was started last, and when it is due to be started."""

    started: float
    pause: float = 0.0
    due: float | None = None


class Supervisor:
    """Looks at the processes of a stack's parts; use it from the thread that started them.

    Args:
        parts: The parts, all started.
        restart: Whether a part that ended is started again, without a limit to how often. If not,
            the end of one is the end of the stack.
        say: Takes messages for the user.
        now: Clock, in seconds.
    """

    def __init__(
        self,
        parts: Iterable[Part],
        *,
        restart: bool,
        say: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._now = now
        self._restarts_parts = restart
        self._failed = False
        self._parts = [(part, _Restart(now())) for part in parts]

    def check(self) -> bool:
        """Restart the parts that are due; return whether the stack runs on.

        Call it whenever a child process has ended, and at least once a second.
        """
        for part, restart in self._parts:
            if self._failed:
                break
            if part.running:
                continue
            if not self._restarts_parts:
                self._failed = True
                self._say(part.process.obituary(part.process.ending))
            elif restart.due is None:
                self._plan(part, restart, part.process.ending)
            elif self._now() >= restart.due:
                self._launch(part, restart)
        return not self._failed

    def _plan(self, part: Part, restart: _Restart, what: str) -> None:
        now = self._now()
        restart.pause = next_pause(restart.pause, now - restart.started)
        restart.due = now + restart.pause
        self._say(f"{part.name} {what}: restarting it in {restart.pause:g} s; its log: {part.log}")

    def _launch(self, part: Part, restart: _Restart) -> None:
        restart.started, restart.due = self._now(), None
        try:
            part.launch()
        except OSError as error:
            self._plan(part, restart, f"could not be started ({error})")
        else:
            self._say(f"Restarted {part.name}, process {part.process.pid}.")
