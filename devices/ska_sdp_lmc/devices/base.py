"""Base class of both devices: initialisation, command execution and logging."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
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
from ska_sdp_lmc.runtime.commands_in_progress import CommandsInProgress
from ska_sdp_lmc.runtime.errors import throw, to_ascii, translate_errors
from ska_sdp_lmc.runtime.events import Events
from ska_sdp_lmc.runtime.publisher import Publisher
from ska_sdp_lmc.runtime.settings import PROPERTIES, SettingsError, load
from ska_sdp_lmc.runtime.watch_loop import WatchLoop

__all__ = ["LmcDevice", "log_changes", "new_transaction_id"]

LOGGER = logging.getLogger(__name__)

VERSION = version("ska-sdp-lmc")

_LEVELS = (
    (logging.CRITICAL, tango.LogLevel.LOG_FATAL, "fatal"),
    (logging.ERROR, tango.LogLevel.LOG_ERROR, "error"),
    (logging.WARNING, tango.LogLevel.LOG_WARN, "warn"),
    (logging.INFO, tango.LogLevel.LOG_INFO, "info"),
    (logging.DEBUG, tango.LogLevel.LOG_DEBUG, "debug"),
)
"""Levels of Python and Tango, with the method of Tango's loggers."""

T = TypeVar("T")


def _write_admin_mode(device: LmcDevice, value: int) -> None:
    device.write_admin_mode(AdminMode(value))


class LmcDevice(InitDevice):
    """Device that publishes the configuration database and writes commands to it.

    Attributes:
        publisher: publishes views. Each Init creates a new one, so that late views from before it
            are dropped.
        settings: settings from device properties and environment.
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

    # Initialisation and end

    def init_device(self) -> None:
        """Publish State INIT and start the watch loop.

        Raises:
            tango.DevFailed: a device property or an environment variable is invalid; names it.
        """
        super().init_device()
        given = {name: getattr(self, name, None) for name in PROPERTIES}
        self.name = self.get_name()
        self._misconfigured: str | None = None
        try:
            self.settings = load(given)
            self.check()
        except SettingsError as error:
            self._misconfigured = f"{self.name}: {error}"
            self._show_misconfigured(self._misconfigured)
            throw("LMC_BadSetting", self._misconfigured, "init_device")
        self._set_log_level()
        create_command_series(self.name, {*self.TangoClassClass.cmd_list, "adminMode"} - {"Init"})
        self.database = database.shared(self.settings.prefix)
        # Subscriptions outlast Init.
        self._events: Events = getattr(self, "_events", None) or Events(self)
        self.publisher = Publisher(self, self.database.address, self.database.confirmed)
        self.publisher.publish_initial()
        self.begin()
        self._commands = CommandsInProgress()
        publisher = self.publisher
        self._listener: Callable[[Outage | None], None] = publisher.show_outage
        self.database.listen(self._listener, self.access())
        self._watch_loop = WatchLoop(
            self.database,
            f"watch-{self.name}",
            lambda watcher: self.reconcile(watcher, publisher),
            lambda: logs.context(self.name, self),
        )
        PROCESS.begin(
            Served(
                self.name,
                datetime.now(timezone.utc),
                self.publisher,
                self.database,
                self._watch_loop,
                self._commands,
                self.settings.timeout_database,
            )
        )
        with logs.context(self.name, self):
            LOGGER.info("%s starts, version %s", type(self).__name__, VERSION)

    def _show_misconfigured(self, why: str) -> None:
        """Publish after an Init that a setting is invalid; reject commands until the next Init.

        An invalid setting at the start of the server ends the server.
        """
        if getattr(self, "publisher", None) is None:
            return
        with logs.context(self.name, self):
            LOGGER.error("%s", why)
        # delete_device closed the publisher before. The new one gets no view, so only the
        # attributes that show the reason are valid.
        self.publisher = Publisher(self, self.database.address, self.database.confirmed)
        self.publisher.show_misconfigured(why)
        PROCESS.unfit(self.name, why)
        self.set_state(tango.DevState.FAULT)
        self.set_status(to_ascii(why))
        for name, value in (("State", tango.DevState.FAULT), ("Status", to_ascii(why))):
            self.push(name, value, time.time())

    def delete_device(self) -> None:
        """End without joining threads: one may be waiting for this device's monitor."""
        watch_loop = getattr(self, "_watch_loop", None)
        if watch_loop is not None:
            PROCESS.end(self.name)
            watch_loop.stop()
            self.publisher.close()
            self.database.forget(self._listener)
        super().delete_device()

    def check(self) -> None:
        """Validate what the settings alone do not show, such as the device's name.

        Raises:
            SettingsError: a setting or the name is invalid; names it.
        """

    def begin(self) -> None:
        """Initialise what a subclass adds."""

    def access(self) -> Access:
        """Return the paths that the device reads and writes, for the check of its access."""
        raise NotImplementedError

    def reconcile(self, watcher: Watcher[Any], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write what follows from it.

        Args:
            watcher: watcher of the loop; what its transactions read triggers the next call.
            publisher: publisher since the last Init.
        """
        raise NotImplementedError

    def detect_restore(self, publisher: Publisher, shown: int, revision: int) -> None:
        """Reset the publisher if the database was restored from an older copy.

        Args:
            publisher: the publisher.
            shown: newest revision that it had published before the read.
            revision: revision of the read, which is otherwise never older than ``shown``.
        """
        if revision < shown:
            LOGGER.error(
                "The database went back from revision %d to %d: it was restored from an older "
                "copy, or replaced. Publishing its present content.",
                shown,
                revision,
            )
            publisher.reset_revisions()

    # AttributeSink of the publisher

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
        """Write adminMode to the database and publish it."""
        raise NotImplementedError

    def execute_command(
        self, command: str, transact: Callable[[], Sequence[View]], words: str | None = None
    ) -> None:
        """Execute a command: transact without the monitor, publish with it.

        Args:
            command: name of the command, or of the attribute that is written, for its metrics.
            transact: validates and commits; returns the views to publish, that of the commit last.
            words: name in the log and in errors, ``command`` by default.

        Raises:
            tango.DevFailed: the command was rejected, or the commit failed.
        """
        publisher = self.publisher
        timer = CommandTimer(self.name, command)
        log = logs.context(self.name, self, new_transaction_id(), command)
        with timer, self._commands.running(), log:
            with translate_errors(words or command, timer), tango.AutoTangoAllowThreads(self):
                views = transact()
            timer.outcome = "accepted"
            for view in views:
                publisher.publish(view)

    def transact(
        self, began: float, prefetch: list[str], body: Callable[[Txn], T]
    ) -> tuple[T, int]:
        """Run a transaction within the rest of the command's timeout.

        Args:
            began: start of the command, by the monotonic clock.
            prefetch: paths that the body probably reads.
            body: reads and writes; may run several times.

        Returns:
            The result of the body, and the revision of the commit.

        Raises:
            ConfigConnectionError: the database does not answer, or rejects the transaction. Raised
                at once while the connection is suspended.
            RuntimeError: a setting is invalid.
        """
        if self._misconfigured is not None:
            raise RuntimeError(self._misconfigured)
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
            # healthState becomes FAILED only after an outage of some seconds.
            advice = "try again in a few seconds"
        return f"The configuration database at {self.database.address} does not answer: {advice}."

    # Target of the log

    def wants(self, level: int) -> bool:
        """Return whether Tango's level, which SetLoggingLevel changes, includes a record."""
        tango_level, _ = _tango_level(level)
        return bool(self.get_logger().is_level_enabled(tango_level))

    def hear(self, level: int, text: str) -> None:
        """Pass a record to Tango's logging."""
        _, method = _tango_level(level)
        getattr(self.get_logger(), method)(text)

    def _set_log_level(self) -> None:
        logger = self.get_logger()
        wanted, _ = _tango_level(getattr(logging, self.settings.log_level))
        before = getattr(self, "_log_level", None)
        self._log_level = wanted
        # The server's option -v may ask for more, and Init must not undo SetLoggingLevel unless
        # the setting has changed since.
        if before is None and tango.Util.instance().get_trace_level() > 0:
            wanted = max(wanted, logger.get_level())
        if before != self._log_level:
            logger.set_level(wanted)


def log_changes(changes: Mapping[str, Any]) -> None:
    """Log changed states, errors and health of a device."""
    for name in ("State", "obsState", "healthState"):
        if name in changes:
            LOGGER.info("%s is %s", name, changes[name].name)
    for name in ("errorMessages", "healthInfo"):
        if changes.get(name) not in (None, [], "{}"):
            LOGGER.warning("%s: %s", name, changes[name])


def new_transaction_id() -> str:
    """Return a transaction ID for a command without one: ``txn-lmc-YYYYMMDD-…``, date in UTC."""
    return f"txn-lmc-{datetime.now(timezone.utc):%Y%m%d}-{secrets.token_hex(5)}"


def _tango_level(level: int) -> tuple[int, str]:
    """Return the Tango logger's number for a Python level, and the method that logs it."""
    for python_level, tango_level, method in _LEVELS:
        if level >= python_level:
            # Loggers number their levels in hundreds, from one level below.
            return 100 * (int(tango_level) + 1), method
    return _tango_level(logging.DEBUG)
