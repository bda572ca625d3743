"""Liveness and readiness of this process, with the reasons."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, Protocol

from ska_sdp_config import Config
from ska_sdp_config.lmc.times import iso
from ska_sdp_lmc.observability.commands_in_progress import CommandsInProgress

__all__ = ["CODES", "PROCESS", "STUCK_AFTER", "Code", "Process", "Reason", "Rejection", "Served"]

STUCK_AFTER = 60.0
"""Seconds without progress after which an operation of normally < 2 s counts as stuck."""

Code = Literal[
    "no-device",
    "device-waits",
    "device-unfit",
    "database",
    "follower-ended",
    "turn-stuck",
    "command-stuck",
]

CODES: dict[Code, str] = {
    "no-device": "The server serves no device: it is starting, waiting for the Tango database, or "
    "stopping.",
    "device-waits": "A device is in State INIT: it has not read the configuration database yet.",
    "device-unfit": "A device had an invalid setting at its last Init.",
    "database": "The configuration database does not respond, rejects reads or writes of the "
    "devices, or has not been contacted yet.",
    "follower-ended": "The watch loop of a device has ended.",
    "turn-stuck": "The database responds, but the watch loop of a device has not completed an "
    f"iteration for {STUCK_AFTER:g} s.",
    "command-stuck": f"A command has exceeded its timeout by {STUCK_AFTER:g} s.",
}
"""Meaning of each reason for a process not to be ready or alive."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Reason for a process not to be ready or alive.

    Attributes:
        code: kind of fault.
        text: description, a sentence without full stop.
        since: time at which the fault began.
        device: name of the device; None for the whole process.
    """

    code: Code
    text: str
    since: datetime
    device: str | None = None

    @property
    def sentence(self) -> str:
        """Description with the time at which it began."""
        return f"{self.text}, since {iso(self.since)}."

    def document(self) -> dict[str, str | None]:
        """Return the reason as a JSON object."""
        return {
            "code": self.code,
            "device": self.device,
            "since": iso(self.since),
            "text": self.sentence,
        }


class Publisher(Protocol):
    """Publisher of a device, as far as health and metrics need it."""

    @property
    def has_view(self) -> bool:
        """Whether the device has a view of the database."""

    def read(self, name: str) -> tuple[Any, float] | None:
        """Return an attribute's value and its time in s since 1970; None before a view."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Rejection of a device's reads or writes by the database.

    Attributes:
        text: the server's error and what to do, a sentence.
        since: time of the first rejection.
    """

    text: str
    since: datetime


class Database(Protocol):
    """Connection of devices to the database, as far as health and metrics need it."""

    @property
    def config(self) -> Config:
        """Config that connects to it."""

    @property
    def prefix(self) -> str:
        """Prefix of all paths of the system."""

    @property
    def address(self) -> str:
        """Address of the server."""

    @property
    def is_suspended(self) -> bool:
        """Whether it does not respond."""

    @property
    def silent_since(self) -> datetime | None:
        """Time of the last response, or of the first request, if it does not respond."""

    @property
    def rejection(self) -> Rejection | None:
        """Current rejection; None without one."""

    def connected_for(self) -> float | None:
        """Return the seconds since the end of the last outage; None during one."""


class WatchLoop(Protocol):
    """Watch loop of a device."""

    @property
    def has_died(self) -> bool:
        """Whether its thread has ended unexpectedly."""

    def iterating_for(self) -> float | None:
        """Return the duration of the current iteration in seconds; None between iterations."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """Device of this process from one Init to the next, with the sources of its health.

    Attributes:
        name: name of the device.
        began: time of its last Init.
        publisher: publisher of its values.
        database: its connection to the database.
        watch_loop: its watch loop.
        commands: its commands in progress.
        command_timeout: timeout of its commands, in seconds.
    """

    name: str
    began: datetime
    publisher: Publisher
    database: Database
    watch_loop: WatchLoop
    commands: CommandsInProgress
    command_timeout: float

    def reasons_not_live(self) -> Iterator[Reason]:
        """Yield the reasons why the device is not alive."""
        if self.watch_loop.has_died:
            text = f"The watch loop of {self.name} has ended"
            yield Reason("follower-ended", text, self.began, self.name)
        iterating = self.watch_loop.iterating_for()
        # An iteration waits for the database for the whole of an outage.
        connected = self.database.connected_for()
        if iterating is not None and connected is not None:
            stalled = min(iterating, connected)
            if stalled > STUCK_AFTER:
                text = f"The watch loop of {self.name} is stuck"
                yield Reason("turn-stuck", text, _ago(stalled), self.name)
        running = self.commands.longest()
        if running is not None and running > self.command_timeout + STUCK_AFTER:
            text = f"A command of {self.name} is stuck"
            yield Reason("command-stuck", text, _ago(running), self.name)

    def reasons_not_ready(self) -> Iterator[Reason]:
        """Yield the reason why the device is not ready."""
        if not self.publisher.has_view:
            text = f"{self.name} is in State INIT: it has not read its database yet"
            yield Reason("device-waits", text, self.began, self.name)


class Process:
    """Devices of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: list[Served] = []
        self._misconfigured: dict[str, Reason] = {}
        self._unused_since = datetime.now(timezone.utc)

    def begin(self, device: Served) -> None:
        """Add a device."""
        with self._lock:
            self._misconfigured.pop(device.name, None)
            self._served.append(device)

    def set_misconfigured(self, name: str, why: str) -> None:
        """Record the invalid setting, a sentence, because of which a device is not served."""
        with self._lock:
            now = datetime.now(timezone.utc)
            self._misconfigured[name] = Reason("device-unfit", why.rstrip("."), now, name)

    def end(self, device: Served) -> None:
        """Remove a device, but not its successor of the same name."""
        with self._lock:
            if device in self._served:
                self._served.remove(device)
                if not self._served:
                    self._unused_since = datetime.now(timezone.utc)

    def served(self) -> list[Served]:
        """Return the devices, in the order in which they were added."""
        with self._lock:
            return list(self._served)

    def databases(self) -> list[Database]:
        """Return the distinct databases of its devices."""
        return list({id(each.database): each.database for each in self.served()}.values())

    def why_not_live(self) -> list[Reason]:
        """Return the reasons to restart the process; empty if it is alive."""
        return [reason for each in self.served() for reason in each.reasons_not_live()]

    def why_not_ready(self) -> list[Reason]:
        """Return the reasons why the process is not ready; empty if it is."""
        served = self.served()
        with self._lock:
            misconfigured = list(self._misconfigured.values())
        if not served and not misconfigured:
            text = (
                "No device is served: the server is starting, waiting for the Tango database at "
                f"{os.environ.get('TANGO_HOST', 'TANGO_HOST, which is not set')}, or stopping"
            )
            return [Reason("no-device", text, self._unused_since)]
        return [
            *misconfigured,
            *self.why_not_live(),
            *_unavailable(self.databases()),
            *(reason for each in served for reason in each.reasons_not_ready()),
        ]


def _unavailable(databases: Iterable[Database]) -> Iterator[Reason]:
    for database in databases:
        if (rejection := database.rejection) is not None:
            yield Reason("database", rejection.text.rstrip("."), rejection.since)
        elif database.is_suspended:
            text = f"The configuration database at {database.address} does not answer"
            since = database.silent_since or datetime.now(timezone.utc)
            yield Reason("database", text, since)


def _ago(seconds: float) -> datetime:
    return datetime.now(timezone.utc) - timedelta(seconds=seconds)


PROCESS = Process()
"""This process."""
