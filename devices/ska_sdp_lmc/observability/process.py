"""What is wrong with this process: whether it is stuck, and whether it can do its work."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, Protocol

from ska_sdp_config import Config
from ska_sdp_config.lmc.times import iso

__all__ = ["CODES", "PROCESS", "STUCK_AFTER", "Code", "Process", "Reason", "Served"]

STUCK_AFTER = 60.0
"""Seconds after which what should take less than two is stuck."""

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
    "no-device": "The server has begun and serves no device yet: it starts, it waits for the "
    "Tango database, or it ends.",
    "device-waits": "A device is in State INIT: it has not seen the configuration database yet.",
    "device-unfit": "A device was given, at its last Init, a setting that cannot be.",
    "database": "The configuration database does not answer, rejects what the devices read or "
    "write, or nothing has asked it yet.",
    "follower-ended": "The thread that follows the database for a device has ended.",
    "turn-stuck": "The database answers, and yet that thread has not come to the end of a turn "
    f"for {STUCK_AFTER:g} s.",
    "command-stuck": f"A command has been at work for {STUCK_AFTER:g} s longer than it may.",
}
"""Why a process is not ready or not alive, and what that means."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong.

    Attributes:
        code: what kind of thing.
        text: what is wrong, a sentence without its full stop.
        since: since when.
        device: name of the device; None for the whole process.
    """

    code: Code
    text: str
    since: datetime
    device: str | None = None

    @property
    def sentence(self) -> str:
        """The sentence, with since when."""
        return f"{self.text}, since {iso(self.since)}."

    def document(self) -> dict[str, str | None]:
        """The reason as JSON has it."""
        return {
            "code": self.code,
            "device": self.device,
            "since": iso(self.since),
            "text": self.sentence,
        }


class Publisher(Protocol):
    """What a device shows, as far as health and metrics depend on it."""

    @property
    def has_view(self) -> bool:
        """Whether the database has been seen."""

    def read(self, name: str) -> tuple[Any, float] | None:
        """Return an attribute's value and its time in s since 1970; None before a view."""


class Rejection(Protocol):
    """What the database rejects."""

    @property
    def text(self) -> str:
        """Its words and what to do, a sentence."""

    @property
    def since(self) -> datetime:
        """When it was first found."""


class Database(Protocol):
    """The database as a device's part of the program shows it."""

    @property
    def config(self) -> Config:
        """The way to it."""

    @property
    def prefix(self) -> str:
        """Path before all paths of the system."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def is_suspended(self) -> bool:
        """Whether it does not answer."""

    @property
    def silent_since(self) -> datetime | None:
        """When it was last heard, or first asked, if it does not answer."""

    @property
    def rejection(self) -> Rejection | None:
        """What it rejects; None while it accepts everything."""

    def connected_for(self) -> float | None:
        """Seconds for which it has served without a break; None while it does not."""


class Follower(Protocol):
    """What follows the database for a device."""

    @property
    def has_died(self) -> bool:
        """Whether its thread has ended, and nobody wanted that."""

    def turning_for(self) -> float | None:
        """Seconds for which a turn has been going on; None between turns."""


class AtWork(Protocol):
    """The commands of a device."""

    def longest(self) -> float | None:
        """Seconds for which the oldest has been at work; None while there is none."""


@dataclass(frozen=True, slots=True)
class Served:
    """One device of this process, by what its health is known from.

    Attributes:
        name: its name.
        began: when this life of it began.
        publisher: shows its values.
        database: what it shows.
        follower: follows the database for it.
        at_work: its commands.
        patience: s that a command of it may take.
    """

    name: str
    began: datetime
    publisher: Publisher
    database: Database
    follower: Follower
    at_work: AtWork
    patience: float

    def stuck(self) -> Iterator[Reason]:
        """Why it is not alive."""
        if self.follower.has_died:
            text = f"The thread that follows the database for {self.name} has ended"
            yield Reason("follower-ended", text, self.began, self.name)
        turning = self.follower.turning_for()
        # While the database does not answer, a turn waits for it: as long as that takes.
        answered = self.database.connected_for()
        if turning is not None and answered is not None:
            held_up = min(turning, answered)
            if held_up > STUCK_AFTER:
                text = f"{self.name} does not come to the end of a turn"
                yield Reason("turn-stuck", text, _ago(held_up), self.name)
        working = self.at_work.longest()
        if working is not None and working > self.patience + STUCK_AFTER:
            text = f"A command of {self.name} does not come to its end"
            yield Reason("command-stuck", text, _ago(working), self.name)

    def waits(self) -> Iterator[Reason]:
        """Why it cannot do its work yet."""
        if not self.publisher.has_view:
            text = f"{self.name} is in State INIT, as it has not seen its database"
            yield Reason("device-waits", text, self.began, self.name)


class Process:
    """The devices of this process, as they come and go; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[str, Served] = {}
        self._unfit: dict[str, Reason] = {}
        self._alone_since = datetime.now(timezone.utc)

    def begin(self, device: Served) -> None:
        """Take notice of a device, or of its next life."""
        with self._lock:
            self._unfit.pop(device.name, None)
            self._served[device.name] = device

    def unfit(self, name: str, why: str) -> None:
        """Take notice that a device is not served, as it cannot work as it is set.

        Args:
            name: name of the device.
            why: what cannot be, a sentence.
        """
        with self._lock:
            now = datetime.now(timezone.utc)
            self._unfit[name] = Reason("device-unfit", why.rstrip("."), now, name)

    def end(self, name: str) -> None:
        """Take notice that a device is not served any more."""
        with self._lock:
            if self._served.pop(name, None) is not None and not self._served:
                self._alone_since = datetime.now(timezone.utc)

    def served(self) -> list[Served]:
        """The devices."""
        with self._lock:
            return list(self._served.values())

    def databases(self) -> list[Database]:
        """The databases that its devices use, each once."""
        return list({id(each.database): each.database for each in self.served()}.values())

    def why_not_live(self) -> list[Reason]:
        """Why the process should be killed and started again; empty while it is well."""
        return [reason for each in self.served() for reason in each.stuck()]

    def why_not_ready(self) -> list[Reason]:
        """Why the process cannot do its work; empty while it can."""
        served = self.served()
        with self._lock:
            unfit = list(self._unfit.values())
        if not served and not unfit:
            text = (
                "No device is served: the server starts, waits for the Tango database at "
                f"{os.environ.get('TANGO_HOST', 'TANGO_HOST, which is not set')}, or ends"
            )
            return [Reason("no-device", text, self._alone_since)]
        return [
            *unfit,
            *self.why_not_live(),
            *_away(self.databases()),
            *(reason for each in served for reason in each.waits()),
        ]


def _away(databases: Iterable[Database]) -> Iterator[Reason]:
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
