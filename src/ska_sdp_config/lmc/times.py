"""Stored formats of times."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

__all__ = ["age_text", "command_time", "iso", "last_updated", "read_time"]

MAX_DAYS_WITH_HOURS = 10
"""Number of days from which an age has no hours."""


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


def age_text(since: datetime | None, now: datetime) -> str:
    """Format the time since another one: ``42s``, ``5m10s``, ``3h20m``, ``2d04h``, ``90d``.

    Returns:
        The text, empty if the time is unknown. A time in the future, of a clock that is ahead,
        has age ``0s``.
    """
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds}s"
    if hours == 0:
        return f"{minutes}m{seconds % 60:02}s"
    if days == 0:
        return f"{hours}h{minutes % 60:02}m"
    return f"{days}d{hours % 24:02}h" if days < MAX_DAYS_WITH_HOURS else f"{days}d"
