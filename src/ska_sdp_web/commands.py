"""Commands to the subarrays, through Tango."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import Any, Protocol, TypeAlias

__all__ = ["Busy", "CommandFailed", "OutcomeUnknown", "Sender", "TangoSender"]

LOGGER = logging.getLogger(__name__)

MAX_RUNNING = 8
"""Number of commands that are sent at a time; more are rejected."""

TIMEOUT_MS = 30_000
"""Timeout of a command, in milliseconds."""


class CommandFailed(Exception):
    """The device rejected the command, or the command was not sent."""


class OutcomeUnknown(Exception):
    """The command may have been executed: its response was lost, or an error was unexpected."""


Failure: TypeAlias = CommandFailed | OutcomeUnknown


class Busy(Exception):
    """The same command or too many others are running; this one was not sent."""


class Sender(Protocol):
    """Sender of commands."""

    async def send(self, subarray_id: str, command: str, argument: str | None) -> str:
        """Send a command to a subarray.

        Returns:
            Its result as text, empty if it has none.

        Raises:
            CommandFailed: the device rejected the command, or the command was not sent.
            OutcomeUnknown: the response was lost or an error was unexpected, so the command may
                have been executed.
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
            result: str | Failure
            try:
                result = _send(device, command, argument)
            except Exception:
                # Without a result, the command would be running until the end of the server.
                LOGGER.exception("Sending %s to %s failed.", command, device)
                result = OutcomeUnknown(
                    f"It is unknown whether {command} was executed: see the server's log."
                )
            # The loop is closed if the server ends during the command.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, result)

        # As a daemon, it does not delay the end of the server.
        thread = threading.Thread(target=run, name="command", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise CommandFailed(f"The command was not sent: {error}") from error
        # Only the thread removes it, through this loop, and so later.
        self._running.add(running)
        return await done


def _send(device: str, command: str, argument: str | None) -> str | Failure:
    try:
        # Loaded with the first command: the page does not need Tango.
        import tango
    except ImportError as error:
        return CommandFailed(f"The command was not sent: {error}")
    with tango.EnsureOmniThread():
        try:
            proxy: Any = tango.DeviceProxy(device)
            # Connects. A lost connection after this may have lost a response.
            proxy.ping()
            proxy.set_timeout_millis(TIMEOUT_MS)
            # Otherwise the client library sends a command a second time if its response is lost.
            proxy.set_transparency_reconnection(False)
        except Exception as error:
            return CommandFailed(f"The command was not sent: {_description(error)}")
        try:
            result = proxy.command_inout(command, *([] if argument is None else [argument]))
        except Exception as error:
            text = _description(error)
            # Raised by the client library; a rejection is a DevFailed, of which these are classes.
            is_lost = isinstance(error, (tango.CommunicationFailed, tango.ConnectionFailed))
            if isinstance(error, tango.DevFailed) and not is_lost:
                return CommandFailed(text)
            return OutcomeUnknown(
                f"It is unknown whether {command} was executed, as its response was lost: "
                f"{text.rstrip('.')}. Check the obsState before you send it again."
            )
    return "" if result is None else str(result)


def _description(error: Exception) -> str:
    """Return the text of the cause of an error, which is the device's if it has rejected.

    The first error of the stack is the cause, except that of the CORBA library, which has only
    the name of a code; the next one is in words.
    """
    stack = [each for each in error.args if hasattr(each, "desc")]
    if not stack:
        return f"{type(error).__name__}: {error}"
    in_words = [each for each in stack if each.reason != "API_CorbaException"] or stack
    return str(in_words[0].desc).strip()
