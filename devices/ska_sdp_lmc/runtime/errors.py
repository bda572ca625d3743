"""Tango errors of rejected and failed commands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import tango

from ska_sdp_config.lmc.rejections import CommandRejected, Reason
from ska_sdp_config.store.errors import CommitUnknown, ConfigConnectionError, TransactionTooLarge
from ska_sdp_lmc.messages import MessageError
from ska_sdp_lmc.observability.metrics import CommandTimer

__all__ = ["throw", "to_ascii", "translate_errors"]

LOGGER = logging.getLogger(__name__)


@contextmanager
def translate_errors(command: str, timer: CommandTimer) -> Iterator[None]:
    """Log an error of a command, count it, and raise it as a Tango error.

    The timer's outcome is set if the command was rejected.

    Raises:
        tango.DevFailed: for any exception within the context.
    """
    try:
        yield
    except CommandRejected as error:
        timer.outcome = "refused"
        LOGGER.warning("%s rejected: %s", command, error.text)
        throw(error.reason.value, error.text, command)
    except MessageError as error:
        timer.outcome = "refused"
        LOGGER.warning("%s rejected: %s", command, error.details)
        throw(Reason.FAILED.value, str(error), command)
    except CommitUnknown as error:
        text = f"It is not known whether {command} was carried out: {error}"
        LOGGER.error("%s", text)  # noqa: TRY400 - no trace is needed
        throw(Reason.FAILED.value, text, command)
    except (ConfigConnectionError, TransactionTooLarge, RuntimeError) as error:
        text = f"{command} was not carried out: {error}"
        LOGGER.error("%s", text)  # noqa: TRY400 - no trace is needed
        throw(Reason.FAILED.value, text, command)
    except Exception as error:
        # A bug. Without this, the client would get PyTango's reason PyDs_PythonError, and the log
        # no record. If the commit took effect, the watch loop publishes it.
        LOGGER.exception("%s failed", command)
        fault = f"the server failed by {type(error).__name__} ({error}), see its log"
        text = f"It is not known whether {command} was carried out: {fault}."
        throw(Reason.FAILED.value, text, command)


def throw(reason: str, text: str, origin: str) -> NoReturn:
    """Raise a Tango error.

    Args:
        reason: reason of the error, which clients match.
        text: description; characters outside ASCII are escaped.
        origin: name of the command or method that raises it.

    Raises:
        tango.DevFailed: always.
    """
    tango.Except.throw_exception(reason, to_ascii(text), origin)
    raise AssertionError("Tango's throw_exception always raises.")


def to_ascii(text: str) -> str:
    """Escape characters outside ASCII: Tango's strings are Latin-1."""
    return text.encode("ascii", "backslashreplace").decode()
