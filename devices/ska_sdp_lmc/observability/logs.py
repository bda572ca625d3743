"""Logging in the SKA line format, or as JSON, one line a record (spec 4.9)."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Protocol, TextIO

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
    """A device, as far as logging goes: it sets the level, and hears of its records."""

    def wants(self, level: int) -> bool:
        """Whether records of a level are wanted of this device now."""
        ...

    def hear(self, level: int, line: str) -> None:
        """Take a record, as it is written to standard output, into Tango's own logging."""
        ...


@dataclass(frozen=True)
class Context:
    """What is going on when a record is made.

    Attributes:
        device: name of the device at work, None outside of any.
        transaction_id: transaction id of the command at work.
        listener: the device itself.
        command: name of the command at work, or of the attribute that is written.
    """

    device: str | None = None
    transaction_id: str | None = None
    listener: Listener | None = None
    command: str | None = None

    def tags(self) -> Mapping[str, str]:
        """The tags of a record."""
        tags = {}
        if self.device is not None:
            tags["tango-device"] = self.device
        if self.transaction_id is not None:
            tags["transaction-id"] = self.transaction_id
        return tags


_NOTHING = Context()
_CONTEXT: ContextVar[Context] = ContextVar("context", default=_NOTHING)
_OURS = ("ska_sdp_lmc", "ska_sdp_config")
_FOREIGN_THREAD = re.compile(r"Dummy-[0-9]+")


@contextmanager
def context(
    device: str,
    listener: Listener,
    transaction_id: str | None = None,
    command: str | None = None,
) -> Iterator[None]:
    """Mark every record made within as a device's.

    Args:
        device: name of the device.
        listener: the device.
        transaction_id: transaction id of the command, None for work that none asked for.
        command: name of the command, which records of the devices have as their function.
    """
    token = _CONTEXT.set(Context(device, transaction_id, listener, command))
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def set_transaction_id(transaction_id: str) -> None:
    """Go on under the transaction id that a message turned out to have."""
    _CONTEXT.set(replace(_CONTEXT.get(), transaction_id=transaction_id))


def transaction_id() -> str | None:
    """Get the transaction id under which records are made now."""
    return _CONTEXT.get().transaction_id


def set_up(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Send all records of the process to standard output and to Tango's logging.

    Args:
        level: level outside of any device; a device sets its own.
        log_format: ``ska`` or ``json``.
        stream: where lines go instead of standard output.
    """
    threshold: int = getattr(logging, level)
    lines = _Handler(stream or sys.stdout)
    lines.setFormatter(JsonFormatter() if log_format == "json" else SkaFormatter())
    lines.addFilter(_Wanted(threshold))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(threshold)
    for name in _OURS:
        # A device's level can be changed at any time: the filter decides, record by record.
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    # Neither is in a line, and a record would be made with both.
    logging.logProcesses = logging.logMultiprocessing = False


class _Wanted(logging.Filter):
    """Lets through what the device at work wants, outside of any what was set at start."""

    def __init__(self, threshold: int) -> None:
        super().__init__()
        self._threshold = threshold

    def filter(self, record: logging.LogRecord) -> bool:
        listener = _CONTEXT.get().listener
        if listener is None:
            return record.levelno >= self._threshold
        return listener.wants(record.levelno)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes each record, and hands it to the device at work."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        try:
            self.stream.write(line + self.terminator)
            self.flush()
        except (OSError, ValueError):
            # Nobody reads the output any more, or it is closed.
            self.handleError(record)
        listener = _CONTEXT.get().listener
        if listener is not None:
            listener.hear(record.levelno, line)


class SkaFormatter(logging.Formatter):
    """Version, time, level, thread, function, place, tags and message, between bars."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        tags = ",".join(
            f"{key}:{_escape(value).replace(',', '%2C')}"
            for key, value in _CONTEXT.get().tags().items()
        )
        fields = [
            "1",
            _time(record),
            _level(record),
            _escape(_thread(record)),
            _escape(_function(record)),
            _escape(f"{record.filename}#{record.lineno}"),
            tags,
            _one_line(_message(record)),
        ]
        return "|".join(fields)


class JsonFormatter(logging.Formatter):
    """The same as an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        return json.dumps(
            {
                "version": 1,
                "timestamp": _time(record),
                "severity": _level(record),
                "thread": _thread(record),
                "function": _function(record),
                "source": f"{record.filename}#{record.lineno}",
                "tags": _CONTEXT.get().tags(),
                "message": _message(record),
            },
            ensure_ascii=False,
        )


def _time(record: logging.LogRecord) -> str:
    time = datetime.fromtimestamp(record.created, timezone.utc)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level(record: logging.LogRecord) -> str:
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO):
        if record.levelno >= level:
            return logging.getLevelName(level)
    return "DEBUG"


def _thread(record: logging.LogRecord) -> str:
    """Return the name of a record's thread.

    Tango starts threads in C++; Python names each of them ``Dummy-<number>``, another number
    for each client connection.
    """
    name = record.threadName or ""
    return "tango" if _FOREIGN_THREAD.fullmatch(name) else name


def _function(record: logging.LogRecord) -> str:
    """Return the name of a record's function; within a command, the command's name.

    All commands share the functions that log. The field for the place in the source still
    names the file and line.
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
    # Also what only some readers take for the end of a line.
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _escape(text: str) -> str:
    return _one_line(text).replace("|", "%7C")
