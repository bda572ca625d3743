"""Validation of a JSON value against a pydantic model, with leniency for some locations."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ska_sdp_config.lmc.schema.faults import Issue, Location, Severity, format_value
from ska_sdp_config.lmc.schema.types import FORM, WHOLE

__all__ = ["ANY", "NOT_LENIENT", "Lenient", "schema_issues"]

MAX_ERRORS = 5000
"""Errors of one value that are converted to issues."""

_BUILDING = threading.Lock()
"""Held while pydantic builds a model."""


class _Any:
    """Wildcard for one step of a location."""


ANY = _Any()
_Pattern = tuple[int | str | _Any, ...]


class Lenient(NamedTuple):
    """Locations of a message that no command depends on.

    Attributes:
        inside: patterns of location prefixes; every structural fault below them is tolerated.
        absent: patterns of keys that may be missing.
    """

    inside: tuple[_Pattern, ...] = ()
    absent: tuple[_Pattern, ...] = ()

    def covers(self, at: Location, *, missing: bool) -> bool:
        """Return whether a structural fault at a location is tolerated."""
        return any(_starts(at, pattern) for pattern in self.inside) or (
            missing
            and any(len(at) == len(pattern) and _starts(at, pattern) for pattern in self.absent)
        )


NOT_LENIENT = Lenient()


def _starts(at: Location, pattern: _Pattern) -> bool:
    return len(at) >= len(pattern) and all(
        step is ANY or step == part for step, part in zip(pattern, at, strict=False)
    )


def schema_issues(
    schema: type[BaseModel],
    value: Any,
    *,
    at: Location = (),
    lenient: Lenient = NOT_LENIENT,
) -> list[Issue]:
    """Validate a JSON value, at a location of its document, against a schema.

    Structural faults at lenient locations, which are relative to the value, are not fatal.

    Returns:
        All issues. Above 5000 errors only the first ones are listed, each as fatal.
    """
    error = _error(schema, value)
    if error is None:
        return []
    if (count := error.error_count()) <= MAX_ERRORS:
        return [_issue(details, at, lenient) for details in _details(error)]
    # Listing all of them takes seconds and a gigabyte, so list those of a truncated value.
    error = _error(schema, _truncate_lists(value, 100)) or error
    if error.error_count() > MAX_ERRORS:
        error = _error(schema, _truncate_lists(value, 1)) or error
    first = [_issue(details, at, lenient) for details in _details(error)[:MAX_ERRORS]]
    summary = Issue(at, f"has {count} faults, of which these are the first", Severity.FATAL)
    return [summary, *(replace(issue, severity=Severity.FATAL) for issue in first)]


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False)


def _error(schema: type[BaseModel], value: Any) -> ValidationError | None:
    if not schema.__pydantic_complete__:
        # Releases of pydantic before 2.14 mix up models that several threads build.
        with _BUILDING:
            schema.model_rebuild()
    try:
        schema.model_validate(value)
    except ValidationError as error:
        return error
    return None


def _truncate_lists(value: Any, length: int, depth: int = 12) -> Any:
    """Truncate all lists of a JSON value, down to the depth that the schemas reach."""
    if depth and isinstance(value, list):
        return [_truncate_lists(item, length, depth - 1) for item in value[:length]]
    if depth and isinstance(value, dict):
        return {key: _truncate_lists(item, length, depth - 1) for key, item in value.items()}
    return value


def _issue(details: ErrorDetails, above: Location, lenient: Lenient) -> Issue:
    kind = details["type"]
    at = _location(details["loc"])
    if kind in ("extra_forbidden", FORM):
        severity = Severity.FORM
    elif lenient.covers(at, missing=kind == "missing"):
        severity = Severity.STRUCTURE
    else:
        severity = Severity.FATAL
    return Issue((*above, *at), _fault(details), severity)


_TAGS = frozenset({"polynomial", "direction", "body", "orbit"})
"""Tags of the phase direction union, which pydantic inserts into locations."""


def _location(loc: Location) -> Location:
    return tuple(
        part
        for before, part in zip((None, *loc), loc, strict=False)
        if not (before == "phase_dir" and part in _TAGS)
    )


_SENTENCES: Mapping[str, str] = {
    "int_type": "should be an integer",
    "float_type": "should be a number",
    "string_type": "should be a string",
    "string_too_short": "should be a string that is not empty",
    "list_type": "should be a list",
    "dict_type": "should be an object",
    "model_type": "should be an object",
}


def _fault(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind == "missing":
        return "field required"
    if kind == "extra_forbidden":
        return "is not a key of this schema"
    if kind == WHOLE:
        return details["msg"]
    if kind in ("too_short", "too_long"):
        return details["msg"].replace(" after validation", "").replace("List should", "should")
    sentence = _SENTENCES.get(kind, details["msg"].removeprefix("Input "))
    return f"{sentence}, not {format_value(details['input'])}"
