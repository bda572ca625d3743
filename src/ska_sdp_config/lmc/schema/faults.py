"""Issues found in a message, their severity by strictness, and the error that lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = [
    "Issue",
    "Location",
    "MessageError",
    "Severity",
    "format_value",
    "json_path",
    "list_with_limit",
    "raise_or_warn",
]

Location = tuple[int | str, ...]
"""Keys and indices that lead from the top of a document to one of its values."""

MAX_FAULTS_SHOWN = 10
MAX_WARNINGS = 50
_MAX_VALUE_CHARS = 40
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MessageError(ValueError):
    """Invalid message; the text lists each invalid field by JSON path.

    The text is plain ASCII of bounded length for any message, because Tango carries it to
    clients as the description of an error. It lists ten faults and counts the others.

    Args:
        command: name of the command that received the message.
        faults: one text per fault, ``<JSON path>: <fault>``.

    Attributes:
        faults: all faults, as text.
        details: the text of the error without the name of the command.
    """

    def __init__(self, command: str, faults: Sequence[Issue | str]) -> None:
        self.faults = tuple(str(fault) for fault in faults)
        self.details = "; ".join(list_with_limit(self.faults, MAX_FAULTS_SHOWN))
        super().__init__(f"{command}: {self.details}")


class Severity(Enum):
    """Severity of an issue; the value gives its treatment at strictness 0, 1 and 2.

    Strictness 0 requires only what a command needs: ids, scan types, scripts, resources, and
    the right container types.
    """

    FATAL = ("error", "error", "error")
    """The command cannot be executed."""
    STRUCTURE = ("warning", "error", "error")
    """Missing key or wrong type in data that the devices only pass on."""
    QUIRK = ("warning", "warning", "error")
    """Deviation from the schema with a single sensible interpretation."""
    FORM = ("nothing", "warning", "error")
    """Id pattern, unknown key or dangling reference."""
    NOTICE = ("warning", "warning", "warning")
    """Allowed, but worth logging."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Deviation from the schema at one location of a document."""

    at: Location
    fault: str
    severity: Severity

    def __str__(self) -> str:
        return f"{json_path(self.at)}: {self.fault}"


def raise_or_warn(command: str, issues: Iterable[Issue], strictness: int) -> tuple[str, ...]:
    """Raise an error if an issue is one at this strictness, 0, 1 or 2, else return the warnings.

    Returns:
        The warnings, one line each with its JSON path; above 50, a last line counts the others.

    Raises:
        MessageError: an issue is an error at this strictness; lists all of these.
        ValueError: the strictness is not 0, 1 or 2.
    """
    if strictness not in (0, 1, 2):
        raise ValueError(f"strictness {strictness!r} is not known, use 0, 1 or 2")
    found: dict[str, list[Issue]] = {"error": [], "warning": [], "nothing": []}
    for issue in issues:
        found[issue.severity.value[strictness]].append(issue)
    if found["error"]:
        raise MessageError(command, found["error"])
    return list_with_limit(found["warning"], MAX_WARNINGS)


def list_with_limit(items: Sequence[object], limit: int) -> tuple[str, ...]:
    """Convert items to text; above the limit, a last line counts the others."""
    texts = [str(item) for item in items[:limit]]
    if len(items) > limit:
        texts.append(f"and {len(items) - limit} more")
    return tuple(texts)


def json_path(at: Location) -> str:
    """Format a location as a JSON path: ``$.scan_types[0]["a key"]``."""
    return "$" + "".join(_step(part) for part in at)


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_KEY.fullmatch(part) and len(part) <= _MAX_VALUE_CHARS:
        return f".{part}"
    return f"[{format_value(part)}]"


def format_value(value: Any) -> str:
    """Format a value of a message as short ASCII text."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str) and len(value) > _MAX_VALUE_CHARS:
        return json.dumps(value[:_MAX_VALUE_CHARS])[:-1] + '..."'
    text = json.dumps(value, default=lambda other: type(other).__name__)
    return text if isinstance(value, str) else text[:_MAX_VALUE_CHARS]
