"""Client of a subscriber process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

from ska_sdp_sim.demo.event import Event
from ska_sdp_sim.demo.subscriber import READY

_STOP_TIMEOUT_S = 10.0


class EventTimeoutError(RuntimeError):
    """The expected events were not received."""


class Listener:
    """Collects the events of some devices in the order received. A context manager.

    Args:
        subjects: Attributes to subscribe to, by device.
        on_event: Called with each event, in a thread of the listener.
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
        self._changed = threading.Condition()

    def __enter__(self) -> Listener:
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

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def events(self) -> list[Event]:
        """All events received so far."""
        with self._changed:
            return list(self._events)

    @property
    def is_running(self) -> bool:
        """Whether the subscriber is running."""
        with self._changed:
            return not self._ended

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait for the subscriptions to all attributes.

        Raises:
            EventTimeoutError: the subscriber ended or the timeout expired.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended, timeout)
            if not self._ready:
                raise EventTimeoutError(
                    "the subscriber could not subscribe: see its message above"
                )

    def wait_for(self, found: Callable[[list[Event]], bool], timeout: float) -> None:
        """Wait until the events meet a condition.

        Raises:
            EventTimeoutError: the timeout expired, or the subscriber ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: found(self._events) or self._ended, timeout)
            if not found(self._events):
                reason = "the subscriber ended" if self._ended else f"not within {timeout:g} s"
                raise EventTimeoutError(reason)

    def close(self) -> int:
        """Stop the subscriber after it has unsubscribed, and return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as lines:
                for line in lines:
                    self._receive(line.rstrip("\n"))
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _receive(self, line: str) -> None:
        event = None if line == READY else Event.from_line(line)
        if event is not None:
            self._on_event(event)
        with self._changed:
            if event is None:
                self._ready = True
            else:
                self._events.append(event)
            self._changed.notify_all()
