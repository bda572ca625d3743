"""Wait for the Tango database, without which Tango ends a starting process."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import tango

from ska_sdp_lmc.runtime.settings import SettingsError

__all__ = ["needs_database", "wait_for_tango_database"]

LOGGER = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0

REMINDER_INTERVAL_S = 30.0
"""Interval at which an unchanged reason to wait is logged again."""

_PERSISTENT_REASONS = frozenset({"API_TangoHostNotSet", "API_InvalidArgs"})
"""Reasons of errors that persist: an environment variable of Tango is invalid.

Tango does not name the variable, and gives no separate reason to those of its telemetry.
"""


def wait_for_tango_database(server: str, arguments: Sequence[str]) -> None:
    """Wait until the Tango database responds and has devices of a server.

    The reason is logged at once, when it changes, and every 30 s. Must be called on the main
    thread and before Tango is initialised, which is possible only once per process.

    Args:
        server: name of the server program, such as ``SDPSubarray``.
        arguments: Tango's arguments; a server without a database does not wait.

    Raises:
        SettingsError: TANGO_HOST is not an address, or a setting of Tango's telemetry is invalid.
        SystemExit: SIGTERM or SIGINT was received.
    """
    if needs_database(arguments):
        with _ended_by_signals():
            _wait(f"{server}/{arguments[0]}")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the process on SIGTERM and SIGINT within the context.

    The first process of a container ignores signals without a handler. The former handlers are
    restored, as Tango installs its own.
    """
    before = {each: signal.signal(each, _end) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _wait(name: str) -> None:
    logged, logged_at = "", 0.0
    previous: list[str] = []
    while True:
        devices, reason = _find_devices(name)
        # Devices are registered one by one: wait until their list is stable.
        if devices and (not logged or devices == previous):
            break
        previous = devices
        now = time.monotonic()
        if reason and (reason != logged or now - logged_at >= REMINDER_INTERVAL_S):
            LOGGER.warning("%s waits: %s", name, reason)
            logged, logged_at = reason, now
        time.sleep(POLL_INTERVAL_S)
    if logged:
        LOGGER.info("%s starts: its devices are registered in the Tango database", name)


def needs_database(arguments: Sequence[str]) -> bool:
    """Return whether a server with Tango's arguments uses a Tango database."""
    # Without an instance name first, Tango prints its usage.
    if not arguments or arguments[0].startswith("-"):
        return False
    return not any(each == "-nodb" or each.startswith("-file=") for each in arguments)


def _find_devices(name: str) -> tuple[list[str], str]:
    """Return the devices of a server with their classes, or the reason why there are none."""
    try:
        devices = list(tango.Database().get_device_class_list(name))
    except tango.DevFailed as error:
        host = tango.ApiUtil.get_env_var("TANGO_HOST")
        if error.args[0].reason in _PERSISTENT_REASONS:
            raise SettingsError(
                f"Tango rejects its environment ({error.args[0].desc.strip().rstrip('.')}): check "
                f"TANGO_HOST, which is {host!r}, expected host:port, e.g. localhost:10000; and, "
                "with TANGO_TELEMETRY_ENABLE, the other variables of TANGO_TELEMETRY_."
            ) from error
        return [], f"the Tango database at {host} does not answer ({error.args[0].desc.strip()})"
    if not devices:
        return [], f"the Tango database has no devices of {name}: register them"
    return devices, ""
