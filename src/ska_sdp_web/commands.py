"""Commands to the subarrays, through Tango."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

__all__ = ["Busy", "CommandFailed", "Sender", "TangoSender"]

MAX_RUNNING = 8
"""Number of commands that are sent at a time; more are rejected."""

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
        self._count = 0

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command; see Sender."""
        if self._count >= MAX_RUNNING:
            raise Busy
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        device = f"{self._prefix}-sdp/subarray/{subarray_id}"

        def finish(result: str | CommandFailed) -> None:
            self._count -= 1
            if done.done():
                # The viewer has left.
                return
            if isinstance(result, CommandFailed):
                done.set_exception(result)
            else:
                done.set_result(result)

        def run() -> None:
            result = _send(device, command, argument)
            # The loop is closed if the server ends during the command.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, result)

        self._count += 1
        # As a daemon, it does not delay the end of the server.
        threading.Thread(target=run, name="command", daemon=True).start()
        return await done


def _send(device: str, command: str, argument: str | None) -> str | CommandFailed:
    # Loaded with the first command: the page does not need Tango.
    import tango

    try:
        with tango.EnsureOmniThread():
            proxy: Any = tango.DeviceProxy(device)
            proxy.set_timeout_millis(TIMEOUT_MS)
            call: Callable[..., Any] = proxy.command_inout
            result = call(command) if argument is None else call(command, argument)
    except tango.DevFailed as error:
        # The first error is the device's own.
        return CommandFailed(error.args[0].desc.strip())
    except Exception as error:
        return CommandFailed(f"{type(error).__name__}: {error}")
    return "" if result is None else str(result)
