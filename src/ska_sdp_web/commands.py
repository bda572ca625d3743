"""Commands to the subarrays, through Tango."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

__all__ = ["Busy", "CommandFailed", "OutcomeUnknown", "Sender", "TangoSender"]

MAX_RUNNING = 8
"""Number of commands that are sent at a time; more are rejected."""

TIMEOUT_MS = 30_000
"""Timeout of a command, in milliseconds."""


class CommandFailed(Exception):
    """The device rejected the command, or it was not sent. The text is the device's or Tango's."""


class OutcomeUnknown(Exception):
    """The command was sent, and no response was received: it may have been executed."""


Failure = CommandFailed | OutcomeUnknown


class Busy(Exception):
    """The same command or too many others are running; this one was not sent."""


class Sender(Protocol):
    """Sender of commands."""

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command to a subarray.

        Returns:
            Its result as text, empty if it has none.

        Raises:
            CommandFailed: the device rejected the command, or it was not sent.
            OutcomeUnknown: no response was received.
            Busy: the same command or too many others are running.
        """


class TangoSender:
    """Sender of commands through Tango.

    Args:
        prefix: text before ``-sdp`` in the names of the devices.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._running: set[tuple[str, str]] = set()

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command; see Sender."""
        running = subarray_id, command
        if running in self._running:
            raise Busy(f"{command} is being sent to subarray {subarray_id} already.")
        if len(self._running) >= MAX_RUNNING:
            raise Busy("Too many commands are running: try again later.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        device = f"{self._prefix}-sdp/subarray/{subarray_id}"

        def finish(result: str | Failure) -> None:
            self._running.discard(running)
            if done.done():
                # The viewer has left.
                return
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)

        def run() -> None:
            result = _send(device, command, argument)
            # The loop is closed if the server ends during the command.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, result)

        self._running.add(running)
        # As a daemon, it does not delay the end of the server.
        threading.Thread(target=run, name="command", daemon=True).start()
        return await done


def _send(device: str, command: str, argument: str | None) -> str | Failure:
    # Loaded with the first command: the page does not need Tango.
    import tango

    try:
        with tango.EnsureOmniThread():
            proxy: Any = tango.DeviceProxy(device)
            proxy.set_timeout_millis(TIMEOUT_MS)
            call: Callable[..., Any] = proxy.command_inout
            result = call(command) if argument is None else call(command, argument)
    except tango.ConnectionFailed as error:
        return CommandFailed(f"The command was not sent: {_words(error)}")
    except tango.CommunicationFailed as error:
        return OutcomeUnknown(
            f"It is unknown whether {command} was executed, as no response was received: "
            f"{_words(error)}"
        )
    except tango.DevFailed as error:
        return CommandFailed(_words(error))
    except Exception as error:
        return OutcomeUnknown(f"It is unknown whether {command} was executed: {error}")
    return "" if result is None else str(result)


def _words(error: Any) -> str:
    """Return the description of a Tango error: the device's, or else Tango's."""
    words = [each.desc.strip() for each in error.args if each.reason != "API_CorbaException"]
    return words[0] if words else str(error.args[0].desc).strip()
