"""Registration of a running server in the Tango database, restored after a loss."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tango
from tango.utils import PyTangoThread

from ska_sdp_lmc.runtime.ior import address_of
from ska_sdp_lmc.runtime.tango_database_proxy import create_tango_database_proxy

__all__ = ["REGISTRATION", "Registration", "is_server_ending"]

LOGGER = logging.getLogger(__name__)

CHECK_INTERVAL_S = 2.0

CHECKS_BEFORE_RESTORE = 2
"""Consecutive failed checks before the registration is restored.

A server that stops removes its registration before it ends. With one check, it could be restored
in between.
"""

CONNECT_TIMEOUT_S = 2.0


class Registration:
    """Restores the registration of this process while no other server serves its devices.

    Two processes of one server are possible: the second one starts while the first one does not
    respond. It replaces the first one in the Tango database. When it ends, the database names a
    process that has ended, or none, and new clients cannot connect although the first process
    serves the devices. The same happens to the second process when the first one is stopped, as
    Tango then removes the registration by the server's name.

    ``LmcDevice.delete_device`` stops the checks at the end of the server: one that uses the
    admin device, or calls the Tango database, while Tango destroys the device and shuts
    CORBA down can crash the server, or make its end hang.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._failed_checks = 0
        self._admin = self._ior = ""
        self._thread: threading.Thread | None = None

    @contextmanager
    def stopped_at_end(self) -> Iterator[None]:
        """Stop checking at the end of the context."""
        try:
            yield
        finally:
            self.stop(0.0)

    def start(self) -> None:
        """Start the periodic check unless it was stopped; the server must be registered."""
        self._admin, self._ior = _admin_device()
        thread = PyTangoThread(target=self._run, name="registration", daemon=True)
        thread.start()
        # Afterwards: only a thread that has started can be joined.
        self._thread = thread

    def stop(self, timeout: float) -> bool:
        """Stop checking; may be repeated.

        Args:
            timeout: longest wait for a check in progress, in seconds; the Tango database may
                hang.

        Returns:
            Whether the thread has ended, or was never started.
        """
        self._stopped.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        # Not only _stopped: Tango unregisters the server before it calls delete_device, and a
        # server without devices never calls it. A check could begin while Tango destroys the
        # admin device.
        while not (self._stopped.wait(CHECK_INTERVAL_S) or is_server_ending()):
            try:
                self._check()
            except tango.DevFailed:
                # The Tango database does not respond: nothing can be checked or restored.
                LOGGER.debug("The registration was not checked.", exc_info=True)
            except Exception:
                # Without this thread a lost registration would never be restored.
                LOGGER.exception("The check of the registration failed; it is repeated.")

    def _check(self) -> None:
        database = create_tango_database_proxy()
        numbers, texts = database.command_inout("DbImportDevice", self._admin)
        is_exported, found = bool(numbers[0]), texts[1]
        if is_exported and (found == self._ior or _accepts_connections(found)):
            self._failed_checks = 0
            return
        self._failed_checks += 1
        is_ending = self._stopped.is_set() or is_server_ending()
        if self._failed_checks < CHECKS_BEFORE_RESTORE or is_ending:
            return
        self._failed_checks = 0
        util = tango.Util.instance()
        _restore(database, util)
        LOGGER.warning(
            "Registered %s again in the Tango database, which named %s.",
            util.get_ds_name(),
            "a server that accepts no connections" if is_exported else "no running server",
        )


REGISTRATION = Registration()
"""Registration of this process, which runs at most one server: a stop is final."""


def is_server_ending() -> bool:
    """Return whether Tango has begun to end the server of this process."""
    return bool(tango.Util.instance().is_svr_shutting_down())


def _admin_device() -> tuple[str, str]:
    """Return name and object reference of the admin device of this process."""
    util = tango.Util.instance()
    device = util.get_dserver_device()
    return device.get_name(), util.get_dserver_ior(device)


def _accepts_connections(ior: str) -> bool:
    """Return whether the server that an object reference names accepts connections.

    Tango is not used, as it would resolve the name of the device to this process.
    """
    try:
        with socket.create_connection(address_of(ior), CONNECT_TIMEOUT_S):
            return True
    except (OSError, ValueError):
        return False


def _restore(database: Any, util: Any) -> None:
    """Register all devices that are still assigned to this server, the admin device last.

    The check reads the registration of the admin device only: if a call fails before the admin
    device is registered, the restoration is repeated.
    """
    iors = {
        device.get_name().lower(): util.get_device_ior(device)
        for device in util.get_device_list("*")
    }
    admin, admin_ior = _admin_device()
    last = admin.lower()
    iors[last] = admin_ior
    assigned = database.command_inout("DbGetDeviceClassList", util.get_ds_name())[::2]
    for name in sorted(assigned, key=lambda each: each.lower() == last):
        ior = iors.get(name.lower())
        if ior is not None:
            process = [util.get_host_name(), util.get_pid_str(), util.get_version_str()]
            database.command_inout("DbExportDevice", [name, ior, *process])
