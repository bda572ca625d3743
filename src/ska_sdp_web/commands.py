"""Commands to the subarrays, through Tango."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

__all__ = ["Busy", "CommandFailed", "Sender", "TangoSender"]

MAX_RUNNING = 4
"""Number of commands that are sent at a time."""

MAX_WAITING = 16
"""Number of commands that wait or run; more are rejected."""

TIMEOUT_MS = 30_000
"""Timeout of a command, in milliseconds."""


class CommandFailed(Exception):
    """The device rejected the command, or did not respond. The text is the device's."""


class Busy(Exception):
    """Too many commands are running."""


class Sender(Protocol):
    """Sender of commands."""

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command to a subarray.

        Returns:
            Its result as text, empty if it has none.

        Raises:
            CommandFailed: the device rejected the command, or did not respond.
            Busy: too many commands are running.
        """


class TangoSender:
    """Sender of commands through Tango.

    Args:
        prefix: text before ``-sdp`` in the names of the devices.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._pool = ThreadPoolExecutor(MAX_RUNNING, "command")
        self._count = 0

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command; see Sender."""
        if self._count >= MAX_WAITING:
            raise Busy
        self._count += 1
        try:
            loop = asyncio.get_running_loop()
            device = f"{self._prefix}-sdp/subarray/{subarray_id}"
            return await loop.run_in_executor(self._pool, _send, device, command, argument)
        finally:
            self._count -= 1

    def close(self) -> None:
        """Send no further commands."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _send(device: str, command: str, argument: str | None) -> str:
    # Loaded with the first command: the page does not need Tango.
    import tango

    try:
        with tango.EnsureOmniThread():
            proxy: Any = tango.DeviceProxy(device)
            proxy.set_timeout_millis(TIMEOUT_MS)
            call: Callable[..., Any] = proxy.command_inout
            result = call(command) if argument is None else call(command, argument)
    except tango.DevFailed as error:
        # The innermost error is the device's own.
        raise CommandFailed(error.args[0].desc.strip()) from error
    return "" if result is None else str(result)
