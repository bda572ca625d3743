"""Wait for the Tango database before a server starts: Tango itself ends the process without it."""

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

POLL = 1.0
"""Seconds between two tries."""

REMIND = 30.0
"""Seconds after which it is said again what is waited for."""

_MISTAKES = frozenset({"API_TangoHostNotSet", "API_InvalidArgs"})
"""Reasons of errors that no waiting mends: what TANGO_HOST says is no address."""


def wait_for_tango_database(server: str, arguments: Sequence[str]) -> None:
    """Wait until the Tango database answers and knows the devices of a server.

    What is waited for is logged: at once, when it changes, and every half minute. Call it on the
    main thread, before Tango is initialised, which a process can do but once.

    Args:
        server: Name of the server program, ``SDPSubarray``.
        arguments: Tango's arguments; those of a server without a database are not waited on.

    Raises:
        SettingsError: TANGO_HOST is not set, or is no address.
        SystemExit: SIGTERM or SIGINT came meanwhile.
    """
    if needs_database(arguments):
        with _ended_by_signals():
            _wait(f"{server}/{arguments[0]}")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the process at a signal: the first of a container ignores one that it does not handle.

    Afterwards all is as before: a server is ended by Tango (design/pytango.md).
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
    told, told_at = "", 0.0
    known: list[str] = []
    while True:
        devices, lacking = _look(name)
        # Devices are registered one by one: those that came while it waited may not be all.
        if devices and (not told or devices == known):
            break
        known = devices
        now = time.monotonic()
        if lacking and (lacking != told or now - told_at >= REMIND):
            LOGGER.warning("%s waits: %s", name, lacking)
            told, told_at = lacking, now
        time.sleep(POLL)
    if told:
        LOGGER.info("%s starts: the Tango database knows its devices", name)


def needs_database(arguments: Sequence[str]) -> bool:
    """Return whether a server with Tango's arguments uses a Tango database."""
    # Without an instance first, Tango says how it is used.
    if not arguments or arguments[0].startswith("-"):
        return False
    return not any(each == "-nodb" or each.startswith("-file=") for each in arguments)


def _look(name: str) -> tuple[list[str], str]:
    """The devices that a server has, with their classes; if there are none, why, as a clause."""
    try:
        devices = list(tango.Database().get_device_class_list(name))
    except tango.DevFailed as error:
        host = tango.ApiUtil.get_env_var("TANGO_HOST")
        if error.args[0].reason in _MISTAKES:
            raise SettingsError(f"TANGO_HOST cannot be {host!r}: set it to host:port.") from error
        return [], f"the Tango database at {host} does not answer ({error.args[0].desc.strip()})"
    if not devices:
        return [], f"the Tango database has no devices of {name}: register them"
    return devices, ""
