"""What both devices have in common: their life, their way of a command, their log."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from functools import lru_cache
from importlib.metadata import version
from typing import Any, TypeVar

import tango
from tango.server import device_property

from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.health import Outage
from ska_sdp_config.lmc.states import AdminMode, HealthState, State
from ska_sdp_config.lmc.view import View
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_lmc.devices.init import InitDevice
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.observability.metrics import CommandTimer, create_command_series
from ska_sdp_lmc.observability.process import PROCESS, Served
from ska_sdp_lmc.runtime import database
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import constant, published, tango_value
from ska_sdp_lmc.runtime.commands_in_progress import AtWork
from ska_sdp_lmc.runtime.errors import throw, to_ascii, translate_errors
from ska_sdp_lmc.runtime.events import Events
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.settings import PROPERTIES, SettingsError, load
from ska_sdp_lmc.runtime.watch_loop import Follower

__all__ = ["LmcDevice", "log_changes", "new_transaction_id"]

LOGGER = logging.getLogger(__name__)

VERSION = version("ska-sdp-lmc")

SECONDS_A_DAY = 86_400

_LEVELS = (
    (logging.CRITICAL, tango.LogLevel.LOG_FATAL, "fatal"),
    (logging.ERROR, tango.LogLevel.LOG_ERROR, "error"),
    (logging.WARNING, tango.LogLevel.LOG_WARN, "warn"),
    (logging.INFO, tango.LogLevel.LOG_INFO, "info"),
    (logging.DEBUG, tango.LogLevel.LOG_DEBUG, "debug"),
)
"""Levels of Python, Tango's with the methods of its loggers."""

T = TypeVar("T")


def _write_admin_mode(device: LmcDevice, value: int) -> None:
    device.write_admin_mode(AdminMode(value))


class LmcDevice(InitDevice):
    """A device that shows the configuration database, and writes commands into it.

    Attributes:
        publisher: shows views; a new one after each Init, so that what comes late from before
            is dropped.
        settings: settings, of device properties and environment.
    """

    TimeoutDatabase = device_property(
        dtype=str, doc="Seconds that a command may wait for the database (default 2)."
    )
    Prefix = device_property(
        dtype=str,
        doc="Path before all paths of the system in the database, such as /test (default none).",
    )
    LogLevel = device_property(
        dtype=str, doc="Level of the log at start: DEBUG, INFO, WARNING, ERROR or CRITICAL."
    )

    version_id = constant(
        "versionId", lambda device: VERSION, "Version of this software.", label="version"
    )
    admin_mode = published(
        "adminMode",
        AdminMode,
        "What the device may be used for; kept in the database. OFFLINE, NOT_FITTED and "
        "RESERVED refuse all commands, and State reads DISABLE.",
        label="admin mode",
        write=_write_admin_mode,
    )
    health_state = published(
        "healthState",
        HealthState,
        "OK; DEGRADED, see healthInfo; FAILED, the database does not answer, or rejects what the "
        "device reads or writes; UNKNOWN before it first answered.",
        label="health",
    )
    health_info = published(
        "healthInfo",
        (str,),
        "One sentence for each fault, with the time since when.",
        label="faults",
    )

    # Life

    def init_device(self) -> None:
        """Begin: show INIT, and follow the database.

        Raises:
            tango.DevFailed: a device property or an environment variable cannot be; by name.
        """
        super().init_device()
        given = {name: getattr(self, name, None) for name in PROPERTIES}
        self.name = self.get_name()
        self._unfit: str | None = None
        try:
            self.settings = load(given)
            self.check()
        except SettingsError as error:
            self._unfit = f"{self.name}: {error}"
            self._show_that_it_is_unfit(self._unfit)
            throw("LMC_BadSetting", self._unfit, "init_device")
        self._begin_log()
        create_command_series(self.name, {*self.TangoClassClass.cmd_list, "adminMode"} - {"Init"})
        self.database = database.shared(self.settings.prefix)
        # Init does not end what clients have subscribed to.
        self._events: Events = getattr(self, "_events", None) or Events(self)
        self.publisher = Publisher(self, self.database.address, self.database.confirmed)
        self.publisher.begin()
        self.begin()
        self._at_work = AtWork()
        publisher = self.publisher
        self._listener: Callable[[Outage | None], None] = publisher.show_outage
        self.database.listen(self._listener, self.access())
        self._follower = Follower(
            self.database,
            f"follow-{self.name}",
            lambda watcher: self.turn(watcher, publisher),
            lambda: logs.context(self.name, self),
            self._at_work.let_pass,
        )
        PROCESS.begin(
            Served(
                self.name,
                datetime.now(timezone.utc),
                self.publisher,
                self.database,
                self._follower,
                self._at_work,
                self.settings.timeout_database,
            )
        )
        with logs.context(self.name, self):
            LOGGER.info("%s begins, version %s", type(self).__name__, VERSION)

    def _show_that_it_is_unfit(self, why: str) -> None:
        """Show after an Init that a setting is invalid; until the next Init, reject commands.

        At the start of the server an invalid setting ends it.
        """
        if getattr(self, "publisher", None) is None:
            return
        with logs.context(self.name, self):
            LOGGER.error("%s", why)
        # The one there was has been closed. As this one sees no database, attributes are not
        # valid, but those that say why.
        self.publisher = Publisher(self, self.database.address, self.database.confirmed)
        self.publisher.show_unfit(why)
        PROCESS.unfit(self.name, why)
        self.set_state(tango.DevState.FAULT)
        self.set_status(to_ascii(why))
        for name, value in (("State", tango.DevState.FAULT), ("Status", to_ascii(why))):
            self.push(name, value, time.time())

    def delete_device(self) -> None:
        """End, without waiting for any thread: one may be waiting for this device's monitor."""
        follower = getattr(self, "_follower", None)
        if follower is not None:
            PROCESS.end(self.name)
            follower.end()
            self.publisher.close()
            self.database.forget(self._listener)
        super().delete_device()

    def check(self) -> None:
        """See that what the device is set to can be, its name among it.

        Raises:
            SettingsError: it cannot; says what.
        """

    def begin(self) -> None:
        """Set up what a device has besides, at Init."""

    def access(self) -> Access:
        """Get what the device reads and writes in the database, for the check of its rights."""
        raise NotImplementedError

    def turn(self, watcher: Watcher[Any], publisher: Publisher) -> None:
        """Look at the database once, publish, write what must be written.

        Args:
            watcher: its transactions decide when the next turn comes.
            publisher: the publisher of this life of the device.
        """
        raise NotImplementedError

    def notice_return(self, publisher: Publisher, shown: int, revision: int) -> None:
        """See whether the database went back, as one does that is restored from an older copy.

        Args:
            publisher: the publisher.
            shown: the newest revision that it showed before the database was looked at.
            revision: the revision of that look, which is never older than what this process knows.
        """
        if revision < shown:
            LOGGER.error(
                "The database went back from revision %d to %d: it was restored from an older "
                "copy, or is another one; showing what it holds.",
                shown,
                revision,
            )
            publisher.begin_anew()

    # The publisher's surface

    def monitor(self) -> AbstractContextManager[Any]:
        """Take the device's monitor."""
        held: AbstractContextManager[Any] = tango.AutoTangoMonitor(self)
        return held

    def set_state_and_status(self, state: State, status: str) -> None:
        """Set State and Status."""
        self.set_state(tango_value(state))
        self.set_status(status)

    def push(self, name: str, value: Any, when: float) -> None:
        """Push events of each kind."""
        self._events.push(name, value, when)

    # Commands

    def write_admin_mode(self, mode: AdminMode) -> None:
        """Write adminMode to the database, and show it."""
        raise NotImplementedError

    def carry_out(
        self, command: str, transact: Callable[[], Sequence[View]], words: str | None = None
    ) -> None:
        """Do what a command does: transact without the monitor, publish with it.

        Args:
            command: name of the command, or of the attribute that is written, to count it by.
            transact: validates and commits, gives the views to show, that of the commit last.
            words: what the log and errors call it, by default as it is counted.

        Raises:
            tango.DevFailed: it was refused, or the database did not take it.
        """
        publisher = self.publisher
        timer = CommandTimer(self.name, command)
        log = logs.context(self.name, self, new_transaction_id(), command)
        with timer, self._at_work, log:
            with translate_errors(words or command, timer), tango.AutoTangoAllowThreads(self):
                views = transact()
            timer.outcome = "accepted"
            for view in views:
                publisher.publish(view)

    def transact(
        self, began: float, prefetch: list[str], body: Callable[[Txn], T]
    ) -> tuple[T, int]:
        """Run a transaction within what is left of the time that a command may take.

        Args:
            began: when the command began, by the monotonic clock.
            prefetch: paths that the body probably reads.
            body: reads and writes; may run several times.

        Returns:
            What the body gave, and the revision of the commit.

        Raises:
            ConfigConnectionError: the database does not answer, or rejects the transaction; known
                at once when the connection is suspended.
            RuntimeError: a setting cannot be.
        """
        if self._unfit is not None:
            raise RuntimeError(self._unfit)
        if self.database.is_suspended or not self.publisher.has_view:
            raise ConfigConnectionError(self._why_no_database())
        budget = max(0.001, self.settings.timeout_database - (time.monotonic() - began))
        for raw in self.database.config.backend.txn(prefetch=prefetch, timeout=budget):
            result = body(raw)
        return result, raw.reads.revision

    def _why_no_database(self) -> str:
        rejection = self.database.rejection
        if rejection is not None:
            return rejection.text
        shown = self.publisher.read("healthState")
        if shown is not None and shown[0] in (HealthState.FAILED, HealthState.UNKNOWN):
            advice = "try again when healthState is no longer FAILED or UNKNOWN"
        else:
            # healthState becomes FAILED only when the outage has lasted for a while.
            advice = "try again in a few seconds"
        return f"The configuration database at {self.database.address} does not answer: {advice}."

    # The log's listener

    def wants(self, level: int) -> bool:
        """Whether Tango's level, which SetLoggingLevel changes, lets a record through."""
        tango_level, _ = _tango_level(level)
        return bool(self.get_logger().is_level_enabled(tango_level))

    def hear(self, level: int, text: str) -> None:
        """Hand a record to Tango's logging."""
        _, method = _tango_level(level)
        getattr(self.get_logger(), method)(text)

    def _begin_log(self) -> None:
        logger = self.get_logger()
        wanted, _ = _tango_level(getattr(logging, self.settings.log_level))
        before = getattr(self, "_log_level", None)
        self._log_level = wanted
        # Tango's own option -v may have asked for more, and Init must not undo what
        # SetLoggingLevel did, unless the setting was changed since.
        if before is None and tango.Util.instance().get_trace_level() > 0:
            wanted = max(wanted, logger.get_level())
        if before != self._log_level:
            logger.set_level(wanted)


def log_changes(changes: Mapping[str, Any]) -> None:
    """Log what the database changed of a device's states."""
    for name in ("State", "obsState", "healthState"):
        if name in changes:
            LOGGER.info("%s is %s", name, changes[name].name)
    for name in ("errorMessages", "healthInfo"):
        if changes.get(name) not in (None, [], "{}"):
            LOGGER.warning("%s: %s", name, changes[name])


def new_transaction_id() -> str:
    """Make a transaction id for a command that came without one."""
    return f"txn-lmc-{_day(int(time.time() // SECONDS_A_DAY))}-{secrets.token_hex(5)}"


@lru_cache(1)
def _day(number: int) -> str:
    """Write the day of a number, counted from 1970, in UTC."""
    return f"{datetime.fromtimestamp(number * SECONDS_A_DAY, timezone.utc):%Y%m%d}"


def _tango_level(level: int) -> tuple[int, str]:
    """The number that a Tango logger has for a level of Python, and the method that logs it."""
    for python_level, tango_level, method in _LEVELS:
        if level >= python_level:
            # Loggers count in hundreds, and from one level below.
            return 100 * (int(tango_level) + 1), method
    return _tango_level(logging.DEBUG)
