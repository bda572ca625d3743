"""The near end of a subscriber that runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.subscriber import READY

if TYPE_CHECKING:
    from typing_extensions import Self

_END_PATIENCE = 10.0


class NotHeardError(RuntimeError):
    """What was waited for did not come."""


class Listener:
    """Events of some devices, in the order in which they came. Use it in ``with``.

    Args:
        subjects: The attributes to subscribe to, by device.
        on_event: Called with each event, on a thread of the listener's.
    """

    def __init__(
        self,
        subjects: Mapping[str, Sequence[str]],
        on_event: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._subjects = subjects
        self._on_event = on_event
        self._events: list[Event] = []
        self._ready = False
        self._ended = False
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        arguments = [f"{device}:{','.join(names)}" for device, names in self._subjects.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ska_sdp_sim.demo.subscriber", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="listener")
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def events(self) -> list[Event]:
        """All events so far."""
        with self._news:
            return list(self._events)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until every attribute is subscribed to.

        Args:
            timeout: Seconds.

        Raises:
            NotHeardError: the subscriber ended or took too long.
        """
        with self._news:
            self._news.wait_for(lambda: self._ready or self._ended, timeout)
            if not self._ready:
                raise NotHeardError("the subscriber could not subscribe; see its message above")

    def wait_for(self, found: Callable[[list[Event]], bool], timeout: float) -> None:
        """Wait until something holds of the events.

        Args:
            found: Called with all events so far.
            timeout: Seconds.

        Raises:
            NotHeardError: it did not come to hold in time, or the subscriber ended.
        """
        with self._news:
            self._news.wait_for(lambda: found(self._events) or self._ended, timeout)
            if not found(self._events):
                why = "the subscriber ended" if self._ended else f"not within {timeout:g} s"
                raise NotHeardError(why)

    def close(self) -> int:
        """Let the subscriber give up its subscriptions and end, and give its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as lines:
                for line in lines:
                    self._take(line.rstrip("\n"))
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _take(self, line: str) -> None:
        event = None if line == READY else Event.from_line(line)
        if event is not None:
            self._on_event(event)
        with self._news:
            if event is None:
                self._ready = True
            else:
                self._events.append(event)
            self._news.notify_all()
