"""Stored formats of times."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

__all__ = ["command_time", "iso", "last_updated", "read_time"]


def iso(time: datetime) -> str:
    """Format a time in ISO 8601, UTC, with milliseconds."""
    text = time.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def command_time(time: datetime) -> str:
    """Format a time for ``last_command_time`` of entries: ISO 8601, UTC, in whole seconds."""
    return time.astimezone(timezone.utc).isoformat(timespec="seconds")


def last_updated(time: datetime) -> str:
    """Format a time for ``last_updated`` of entities: ``YYYY-MM-DD HH:MM:SS``, UTC."""
    return time.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def read_time(value: Any) -> datetime | None:
    """Parse a stored time.

    Args:
        value: text in ISO 8601 or as ``YYYY-MM-DD HH:MM:SS``, in UTC if it has no
            time zone, or seconds since 1970.

    Returns:
        The time in UTC, None if it is invalid.
    """
    try:
        if isinstance(value, str):
            # Python 3.10 does not parse the letter Z.
            text = value.strip().replace("Z", "+00:00").replace("z", "+00:00")
            time = datetime.fromisoformat(text)
            if time.tzinfo is None:
                time = time.replace(tzinfo=timezone.utc)
            return time.astimezone(timezone.utc)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return None
