"""What can be wrong with a message, how much that weighs, and how it is told."""

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
    """Invalid message; the text names wrong fields by JSON path and fault.

    The text is plain ASCII of bounded length, whatever the message held, because Tango carries
    it to clients as the description of an error. It lists ten faults and counts the others.

    Args:
        command: name of the command whose argument it was.
        faults: one text a fault, ``<JSON path>: <fault>``.

    Attributes:
        faults: all faults, as text.
        details: the error's text without the name of the command.
    """

    def __init__(self, command: str, faults: Sequence[Issue | str]) -> None:
        self.faults = tuple(str(fault) for fault in faults)
        self.details = "; ".join(list_with_limit(self.faults, MAX_FAULTS_SHOWN))
        super().__init__(f"{command}: {self.details}")


class Severity(Enum):
    """How much an issue weighs: what it is at strictness 0, 1 and 2 (spec 5).

    Strictness 0 asks only for what is needed to act on a message: its ids, scan types, scripts
    and resources, and lists and objects where they belong.
    """

    FATAL = ("error", "error", "error")
    """Without it nobody can act on the message."""
    STRUCTURE = ("warning", "error", "error")
    """A missing key or a wrong type in what the devices only pass on."""
    QUIRK = ("warning", "warning", "error")
    """Not as the schema says, with one sensible reading."""
    FORM = ("nothing", "warning", "error")
    """Patterns of ids, unknown keys, references to what is not there."""
    NOTICE = ("warning", "warning", "warning")
    """Allowed, and worth a line in the log."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is not as it should be, at one place of a document."""

    at: Location
    fault: str
    severity: Severity

    def __str__(self) -> str:
        return f"{json_path(self.at)}: {self.fault}"


def raise_or_warn(command: str, issues: Iterable[Issue], strictness: int) -> tuple[str, ...]:
    """Weigh what was found in a message.

    Args:
        command: name of the command, for the error's text.
        issues: all that was found.
        strictness: 0, 1 or 2 (setting ``SDP_LMC_STRICTNESS``).

    Returns:
        The warnings, each a sentence with its JSON path; at most 50, the last line saying how
        many more there are.

    Raises:
        MessageError: an issue is an error at this strictness; all such are told.
        ValueError: the strictness is none of 0, 1, 2.
    """
    if strictness not in (0, 1, 2):
        raise ValueError(f"strictness {strictness!r} is not known, use 0, 1 or 2")
    found: dict[str, list[Issue]] = {"error": [], "warning": [], "nothing": []}
    for issue in issues:
        found[issue.severity.value[strictness]].append(issue)
    if found["error"]:
        raise MessageError(command, found["error"])
    return list_with_limit(found["warning"], MAX_WARNINGS)


def list_with_limit(things: Sequence[object], most: int) -> tuple[str, ...]:
    """Return the texts of things, and for those past ``most`` one line with their number."""
    texts = [str(thing) for thing in things[:most]]
    if len(things) > most:
        texts.append(f"and {len(things) - most} more")
    return tuple(texts)


def json_path(at: Location) -> str:
    """Return a location as JSON path: ``$.scan_types[0]["a key"]``."""
    return "$" + "".join(_step(part) for part in at)


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_KEY.fullmatch(part) and len(part) <= _MAX_VALUE_CHARS:
        return f".{part}"
    return f"[{format_value(part)}]"


def format_value(value: Any) -> str:
    """Return a short ASCII text for a value out of a message."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str) and len(value) > _MAX_VALUE_CHARS:
        return json.dumps(value[:_MAX_VALUE_CHARS])[:-1] + '..."'
    text = json.dumps(value, default=lambda other: type(other).__name__)
    return text if isinstance(value, str) else text[:_MAX_VALUE_CHARS]
