"""Logging in the SKA line format, or as JSON, one line per record."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Protocol, TextIO

from ska_sdp_config.lmc.times import iso

__all__ = [
    "Context",
    "JsonFormatter",
    "Listener",
    "SkaFormatter",
    "context",
    "set_transaction_id",
    "set_up",
    "transaction_id",
]


class Listener(Protocol):
    """Device that filters its log records by level and receives them."""

    def is_enabled_for(self, level: int) -> bool:
        """Return whether the device logs records of a level at present."""
        ...

    def log(self, level: int, line: str) -> None:
        """Forward a formatted record to the logging of Tango."""
        ...


@dataclass(frozen=True)
class Context:
    """Device and command that log records belong to.

    Attributes:
        device: name of the current device, None outside of devices.
        transaction_id: transaction id of the current command.
        listener: the device itself.
        command: name of the current command, or of the attribute being written.
    """

    device: str | None = None
    transaction_id: str | None = None
    listener: Listener | None = None
    command: str | None = None


_NO_CONTEXT = Context()
_CONTEXT: ContextVar[Context] = ContextVar("context", default=_NO_CONTEXT)
_OURS = ("ska_sdp_lmc", "ska_sdp_config")
_FOREIGN_THREAD = re.compile(r"Dummy-[0-9]+")


@contextmanager
def context(
    device: str,
    listener: Listener,
    transaction_id: str | None = None,
    command: str | None = None,
) -> Iterator[None]:
    """Attribute the log records of this context to a device, and to a command if one runs.

    Records of devices have the command's name as their function.
    """
    token = _CONTEXT.set(Context(device, transaction_id, listener, command))
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def set_transaction_id(transaction_id: str) -> None:
    """Set the transaction id of the current context, once it is read from a message."""
    _CONTEXT.set(replace(_CONTEXT.get(), transaction_id=transaction_id))


def transaction_id() -> str | None:
    """Return the transaction id of the current context."""
    return _CONTEXT.get().transaction_id


def set_up(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Send all log records of the process to standard output and to the logging of Tango.

    Args:
        level: level outside of devices; each device has its own.
        log_format: ``ska`` or ``json``.
        stream: output stream, standard output by default.
    """
    threshold: int = getattr(logging, level)
    lines = _Handler(stream or sys.stdout)
    lines.setFormatter(JsonFormatter() if log_format == "json" else SkaFormatter())
    lines.addFilter(_LevelFilter(threshold))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(threshold)
    for name in _OURS:
        # The level of a device can change at any time, so the filter decides per record.
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    # Neither appears in a line, and collecting them costs time per record.
    logging.logProcesses = logging.logMultiprocessing = False


class _LevelFilter(logging.Filter):
    """Filter by the level of the current device, or by a threshold outside of devices."""

    def __init__(self, threshold: int) -> None:
        super().__init__()
        self._threshold = threshold

    def filter(self, record: logging.LogRecord) -> bool:
        listener = _CONTEXT.get().listener
        if listener is None:
            return record.levelno >= self._threshold
        return listener.is_enabled_for(record.levelno)


class _Handler(logging.StreamHandler[TextIO]):
    """Handler that writes each record and forwards it to the current device."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        try:
            self.stream.write(line + self.terminator)
            self.flush()
        except (OSError, ValueError):
            # The reader of the output is gone, or the stream is closed.
            self.handleError(record)
        listener = _CONTEXT.get().listener
        if listener is not None:
            listener.log(record.levelno, line)


class SkaFormatter(logging.Formatter):
    """Formatter of SKA log lines: version|time|level|thread|function|source|tags|message."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line."""
        fields = _fields(record)
        tags = (f"{name}:{_escape(tag).replace(',', '%2C')}" for name, tag in _tags())
        first = [_escape(str(fields[name])) for name in _BEFORE_TAGS]
        return "|".join([*first, ",".join(tags), _one_line(fields["message"])])


class JsonFormatter(logging.Formatter):
    """Formatter of the same fields as one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line."""
        return json.dumps(_fields(record), ensure_ascii=False)


_BEFORE_TAGS = ("version", "timestamp", "severity", "thread", "function", "source")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {
        "version": 1,
        "timestamp": iso(datetime.fromtimestamp(record.created, timezone.utc)),
        "severity": _level(record),
        "thread": _thread(record),
        "function": _function(record),
        "source": f"{record.filename}#{record.lineno}",
        "tags": dict(_tags()),
        "message": _message(record),
    }


def _tags() -> Iterator[tuple[str, str]]:
    current = _CONTEXT.get()
    if current.device is not None:
        yield "tango-device", current.device
    if current.transaction_id is not None:
        yield "transaction-id", current.transaction_id


def _level(record: logging.LogRecord) -> str:
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO):
        if record.levelno >= level:
            return logging.getLevelName(level)
    return "DEBUG"


def _thread(record: logging.LogRecord) -> str:
    """Return the name of a record's thread.

    Tango starts threads in C++, one per client connection; Python names them
    ``Dummy-<number>``.
    """
    name = record.threadName or ""
    return "tango" if _FOREIGN_THREAD.fullmatch(name) else name


def _function(record: logging.LogRecord) -> str:
    """Return the function of a record; within a command, the name of the command.

    All commands share the functions that log. The source field still gives file and line.
    """
    command = _CONTEXT.get().command
    if command is not None and record.name.partition(".")[0] == __name__.partition(".")[0]:
        return command
    return record.funcName or ""


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + logging.Formatter().formatException(record.exc_info)
    return text


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    # Includes characters that only some readers treat as the end of a line.
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _escape(text: str) -> str:
    return _one_line(text).replace("|", "%7C")
