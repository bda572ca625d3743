"""Base class of both devices: initialisation, reconciliation and logging."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import tango
from tango.server import device_property

from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.states import AdminMode, HealthState
from ska_sdp_config.lmc.view import View
from ska_sdp_config.store.errors import ConfigCollision
from ska_sdp_lmc.devices.init import InitDevice
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.observability.metrics import create_command_series
from ska_sdp_lmc.observability.process import PROCESS, Served
from ska_sdp_lmc.runtime import database
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.attributes import BUILT_IN, Attribute, declare
from ska_sdp_lmc.runtime.command_runner import ADMIN_MODE, CommandRunner
from ska_sdp_lmc.runtime.device_threads import DeviceThreads, wait_for_all
from ska_sdp_lmc.runtime.errors import throw, to_ascii
from ska_sdp_lmc.runtime.publisher import Publisher, TangoSink
from ska_sdp_lmc.runtime.registration import REGISTRATION, is_server_ending
from ska_sdp_lmc.runtime.settings import PROPERTIES, SettingsError, load
from ska_sdp_lmc.runtime.watch_loop import WatchLoop

__all__ = ["COMMON", "LmcDevice", "log_changes"]

LOGGER = logging.getLogger(__name__)

END_TIMEOUT_S = 2.0
"""Seconds to wait for the threads of a device that Tango destroys.

They usually end within 40 ms, but a transaction in progress waits for the end of an outage of the
database, see Watcher.txn. A thread that has not begun to publish by the end of the wait publishes
nothing; one inside a publication that lasts longer can still crash the server.

Clients of DevRestart wait for at most 3 s. The devices of a server that ends are deleted one after
the other, each with this limit.
"""

VERSION = version("ska-sdp-lmc")

_LEVELS = (
    (logging.CRITICAL, tango.LogLevel.LOG_FATAL, "fatal"),
    (logging.ERROR, tango.LogLevel.LOG_ERROR, "error"),
    (logging.WARNING, tango.LogLevel.LOG_WARN, "warn"),
    (logging.INFO, tango.LogLevel.LOG_INFO, "info"),
    (logging.DEBUG, tango.LogLevel.LOG_DEBUG, "debug"),
)
"""Levels of Python and Tango, with the method of Tango's loggers."""


def _write_admin_mode(device: LmcDevice, value: int) -> None:
    device.commands.run(ADMIN_MODE, AdminMode(value))


# fmt: off
COMMON: tuple[Attribute[View], ...] = (
    Attribute("versionId", str, "version", None,
              "Version of this software.", constant=lambda device: VERSION),
    Attribute("adminMode", AdminMode, "admin mode", lambda view: view.admin_mode,
              "Permitted use of the device; stored in the database. OFFLINE, NOT_FITTED and "
              "RESERVED reject all commands, and State is DISABLE.", write=_write_admin_mode),
    Attribute("healthState", HealthState, "health", None,
              "OK; DEGRADED, see healthInfo; FAILED, the database does not respond, or rejects "
              "reads or writes of the device; UNKNOWN before its first response."),
    Attribute("healthInfo", (str,), "faults", None,
              "One sentence for each fault, with the time at which it began."),
)
"""Attributes of both devices."""
# fmt: on


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

    attributes: tuple[Attribute[Any], ...] = COMMON
    """All attributes of the device except State and Status."""

    vars().update(declare(COMMON))

    _threads: Sequence[DeviceThreads] = ()
    _is_deleted = False
    """Whether Tango destroys the device, and its logger with it."""

    # Initialisation and termination

    def initialise(self) -> None:
        """Publish State INIT and start the watch loop.

        Raises:
            tango.DevFailed: a device property or an environment variable is invalid; names it.
        """
        given = {name: getattr(self, name, None) for name in PROPERTIES}
        self.name = self.get_name()
        try:
            self.settings = load(given)
            self.check()
        except SettingsError as error:
            text = f"{self.name}: {error}"
            self._show_misconfigured(text)
            throw("LMC_BadSetting", text, "initialise")
        self._set_log_level()
        create_command_series(self.name, {*self.TangoClassClass.cmd_list, "adminMode"} - {"Init"})
        self.database = database.shared(self.settings.prefix)
        # Subscriptions outlast Init.
        self._sink: TangoSink = getattr(self, "_sink", None) or TangoSink(self)
        publisher = self.publisher = self._new_publisher()
        publisher.publish_initial()
        self.begin()
        self.commands = CommandRunner(self, self.database, publisher, self.settings)
        self.database.add_listener(publisher.show_outage, self.access())
        self._watch_loop = WatchLoop(
            self.database,
            f"watch-{self.name}",
            lambda watcher: self.reconcile(watcher, publisher),
            lambda: logs.context(self.name, self),
            self.commands.in_progress,
            self.followed(),
        )
        self._served = Served(
            self.name,
            datetime.now(timezone.utc),
            publisher,
            self.database,
            self._watch_loop,
            self.commands.in_progress,
            self.settings.timeout_database,
        )
        # Those that an earlier Init has stopped may still be waiting for the device's monitor.
        running = [each for each in self._threads if each.wait(0.0)]
        self._threads = [*running, DeviceThreads(self.database, publisher, self._watch_loop)]
        PROCESS.begin(self._served)
        with logs.context(self.name, self):
            LOGGER.info("%s starts, version %s", type(self).__name__, VERSION)

    def _new_publisher(self) -> Publisher:
        table = (*BUILT_IN, *self.attributes)
        return Publisher(self._sink, table, self.database.address, self.database.confirmed)

    def _show_misconfigured(self, why: str) -> None:
        """Publish after an Init that a setting is invalid; reject commands until the next Init.

        An invalid setting at the start of the server ends the server.
        """
        if getattr(self, "publisher", None) is None:
            return
        with logs.context(self.name, self):
            LOGGER.error("%s", why)
        self.commands.misconfigured = why
        # Init closed the publisher before. The new one gets no view, so only the attributes that
        # show the reason are valid.
        self.publisher = self._new_publisher()
        self.publisher.show_misconfigured(why)
        PROCESS.set_misconfigured(self.name, why)
        self.set_state(tango.DevState.FAULT)
        self.set_status(to_ascii(why))
        for name, value in (("State", tango.DevState.FAULT), ("Status", to_ascii(why))):
            self._sink.push(name, value, time.time())

    def stop(self) -> None:
        """Stop without waiting for threads: one may be waiting for this device's monitor."""
        for threads in self._threads:
            threads.stop()
        if self._threads:
            PROCESS.end(self._served)

    def delete_device(self) -> None:
        """Stop, and wait for the threads that use the device: Tango destroys it next.

        At the end of the server, stop the check of its registration too: Tango destroys the
        admin device next. Tango calls this without the device's monitor when all calls of
        the device have ended.
        """
        self.stop()
        end = time.monotonic() + END_TIMEOUT_S
        if is_server_ending() and not REGISTRATION.stop(END_TIMEOUT_S):
            LOGGER.warning(
                "%s ends during a check of the server's registration in the Tango database. If "
                "the check lasts until the server ends, the server may crash or hang.",
                self.get_name(),
            )
        for name in wait_for_all(self._threads, max(0.0, end - time.monotonic())):
            LOGGER.warning("%s ends, but thread %s still runs.", self.get_name(), name)
        self._is_deleted = True
        super().delete_device()

    def check(self) -> None:
        """Run the further checks of a subclass, e.g. of the device's name.

        Raises:
            SettingsError: a setting or the name is invalid; names it.
        """

    def begin(self) -> None:
        """Initialise the members of a subclass."""

    def followed(self) -> Sequence[str]:
        """Return the prefixes of the paths that ``reconcile`` follows; see Config.watcher."""
        return ()

    def access(self) -> Access:
        """Return the paths that the device reads and writes, for the check of its access.

        Abstract, see ``initialise``.
        """
        raise NotImplementedError

    def reconcile(self, watcher: Watcher[Transaction], publisher: Publisher) -> None:
        """Read the database once, publish the view, and write the resulting updates.

        Abstract, see ``initialise``.

        Args:
            watcher: watcher of the loop; what its transactions read triggers the next call.
            publisher: publisher since the last Init.
        """
        raise NotImplementedError

    def detect_restore(self, publisher: Publisher, shown: int, revision: int) -> bool:
        """Reset the publisher if the database was restored from an older copy.

        Args:
            publisher: the publisher.
            shown: newest revision that it had published before the read.
            revision: revision of the read, which is otherwise never older than ``shown``.

        Returns:
            Whether it was restored.
        """
        is_restored = revision < shown
        if is_restored:
            LOGGER.error(
                "The database went back from revision %d to %d: it was restored from an older "
                "copy, or replaced. Publishing its present content.",
                shown,
                revision,
            )
            publisher.reset_revisions()
        return is_restored

    def take_presence(self, watcher: Watcher[Transaction], component: str) -> None:
        """Register a component for as long as this process renews its lease."""
        try:
            for txn in watcher.txn():
                ownership = txn.component.ownership(component)
                if not ownership.is_owned():
                    ownership.take()
        except ConfigCollision as error:
            # Another process serves the device. When its key is removed, the watcher is triggered.
            LOGGER.info("%s", error)

    # Target of the log

    def is_enabled_for(self, level: int) -> bool:
        """Return whether Tango's level, which SetLoggingLevel changes, includes a record.

        A thread that outlasts the device logs by the level of the settings, to standard output.
        """
        if self._is_deleted:
            return bool(level >= getattr(logging, self.settings.log_level))
        tango_level, _ = _tango_level(level)
        return bool(self.get_logger().is_level_enabled(tango_level))

    def log(self, level: int, text: str) -> None:
        """Pass a record to Tango's logging, unless the device is deleted."""
        if self._is_deleted:
            return
        _, method = _tango_level(level)
        getattr(self.get_logger(), method)(text)

    def _set_log_level(self) -> None:
        logger = self.get_logger()
        level, _ = _tango_level(getattr(logging, self.settings.log_level))
        before = getattr(self, "_log_level", None)
        self._log_level = level
        # The server's option -v may ask for more, and Init must not undo SetLoggingLevel unless
        # the setting has changed since.
        if before is None and tango.Util.instance().get_trace_level() > 0:
            level = max(level, logger.get_level())
        if before != self._log_level:
            logger.set_level(level)


def log_changes(changes: Mapping[str, Any]) -> None:
    """Log changed states, errors and health of a device."""
    for name in ("State", "obsState", "healthState"):
        if name in changes:
            LOGGER.info("%s is %s", name, changes[name].name)
    for name in ("errorMessages", "healthInfo"):
        if changes.get(name) not in (None, [], "{}"):
            LOGGER.warning("%s: %s", name, changes[name])


def _tango_level(level: int) -> tuple[int, str]:
    """Return the Tango logger's number for a Python level, and the method that logs it."""
    for python_level, tango_level, method in _LEVELS:
        if level >= python_level:
            # Loggers number their levels in hundreds, from one level below.
            return 100 * (int(tango_level) + 1), method
    return _tango_level(logging.DEBUG)
