"""Options that several commands have, and those that take a value."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum

import click

from ska_sdp_config.store.redaction import quoted_redacted

__all__ = [
    "ATOMIC",
    "COMMON",
    "CONNECTION",
    "DEBUG",
    "DRY_RUN",
    "DRY_RUN_VALUES",
    "EB_PARAMETERS",
    "FORCE",
    "FORCE_STATUS",
    "OLDER_THAN",
    "OUTPUT",
    "SINCE",
    "TIMEOUT",
    "VALUES_BEFORE",
    "VALUE_OPTIONS",
    "YES",
    "Role",
    "flag",
    "has_debug",
    "roles",
    "without_values",
]


def _check_prefix(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not value.startswith("/"):
        raise click.UsageError(
            f"The prefix {quoted_redacted(value)} does not begin with '/'.", ctx
        )
    return value.rstrip("/")


def _check_seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not (math.isfinite(seconds) and seconds > 0):
        raise click.UsageError(
            f"Invalid timeout {quoted_redacted(value)}: expected seconds, more than 0, e.g. 10.",
            ctx,
        )
    return seconds


def _set_host(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        os.environ["SDP_CONFIG_HOST"] = value


def _set_port(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    if not (re.fullmatch("[0-9]{1,5}", value) and 0 < int(value) < 65536):
        raise click.UsageError(
            f"Invalid port {quoted_redacted(value)}: expected a number from 1 to 65535.", ctx
        )
    os.environ["SDP_CONFIG_PORT"] = value


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
"""Arguments of timedelta by the letter of the unit."""

_MAX_DURATION = timedelta(days=36_500)
"""Longest duration: the time that is so long ago must be a date."""


def _to_timedelta(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> timedelta | None:
    if value is None:
        return None
    found = re.fullmatch(f"([0-9]+)([{''.join(_UNITS)}])", value)
    try:
        duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    except (OverflowError, ValueError):
        duration = None  # too large, or too long for int
    if duration is not None and duration <= _MAX_DURATION:
        return duration
    raise click.UsageError(
        f"Invalid duration {quoted_redacted(value)}: expected a number and s, m, h, d or w, "
        f"e.g. 10m or 30d; at most {_MAX_DURATION.days}d.",
        ctx,
    )


def flag(*names: str, text: str) -> click.Option:
    """Return an option without a value."""
    return click.Option(names, is_flag=True, help=text)


PREFIX = click.Option(
    ["--prefix"],
    default="",
    metavar="PATH",
    callback=_check_prefix,
    help="Prefix of the paths of all objects, e.g. /test.",
)
OUTPUT = click.Option(
    ["-o", "--output"],
    type=click.Choice(["table", "json", "yaml", "name"]),
    help="Output format; by default a table on a terminal, and lines elsewhere.",
)
TIMEOUT = click.Option(
    ["--timeout"],
    metavar="SECONDS",
    callback=_check_seconds,
    help="Stop after this time, with exit code 4.",
)
OLDER_THAN = click.Option(
    ["--older-than"],
    required=True,
    metavar="AGE",
    callback=_to_timedelta,
    help="Minimum age, a number and s, m, h, d or w, e.g. 30d.",
)

# Both set the environment variables of the same meaning: the backend reads nothing else, so that
# an option and its variable cannot differ in effect.
HOST = click.Option(
    ["--host"],
    metavar="HOST",
    expose_value=False,
    callback=_set_host,
    help="Database host, or host:port,host:port,… (SDP_CONFIG_HOST).",
)
PORT = click.Option(
    ["--port"],
    metavar="PORT",
    expose_value=False,
    callback=_set_port,
    help="Database port (SDP_CONFIG_PORT).",
)

SINCE = click.Option(
    ["--since"],
    metavar="DURATION",
    callback=_to_timedelta,
    help="Begin at the first value with a time within this duration, e.g. 10m, 2h or 1d.",
)

# Read from the command line before it is parsed: it applies to parsing errors too.
DEBUG = click.Option(
    ["-d", "--debug"],
    is_flag=True,
    expose_value=False,
    help="Log what the library does, and print the traceback of an error.",
)

# Removed before a verb that does not have it: newer releases accept it before all of them.
VALUES_BEFORE = click.Option(
    ["-v", "--values"],
    is_flag=True,
    expose_value=False,
    help="Print whole values (list, watch and history); ignored by other commands.",
)

CONNECTION: list[click.Parameter] = [PREFIX, HOST, PORT, DEBUG]
"""Options of every command."""

COMMON: list[click.Parameter] = [
    flag(
        "-q",
        "--quiet",
        text="Print less: values without their keys, of new objects only the IDs, of checks only "
        "warnings and faults, and no notes.",
    ),
    OUTPUT,
    *CONNECTION,
]
"""Options of every command that prints."""

FORCE = flag("--force", text="Skip validation, and store the value verbatim (for keys only).")
FORCE_STATUS = flag("--force", text="Accept an unknown status, and a value that is not a state.")
ATOMIC = flag("--atomic", text="Fail if it does not fit one transaction.")
DRY_RUN = flag("--dry-run", text="Only print the changes.")
DRY_RUN_VALUES = flag("--dry-run", text="Only print the changes, with the differences of values.")
YES = flag("-y", "--yes", text="Do not ask for confirmation.")
EB_PARAMETERS = click.Option(
    ["--eb", "eb_parameters"],
    metavar="PARAMETERS",
    help="Also create an execution block with these parameters, for a real-time script.",
)

VALUE_OPTIONS = frozenset(
    name
    for option in (PREFIX, OUTPUT, HOST, PORT, SINCE, TIMEOUT, OLDER_THAN, EB_PARAMETERS)
    for name in option.opts
)
"""Names of the options that take a value."""


def _takes_value(option: str) -> bool:
    """Return whether the next word is the value of an option: ``-o``, ``-qo``, not ``-ojson``."""
    if option.startswith("--"):
        return option in VALUE_OPTIONS
    flags = _flags(option)
    return flags == option[1:] and f"-{flags[-1:]}" in VALUE_OPTIONS


class Role(Enum):
    """Role of a word of a command line."""

    OPTION = "option"
    VALUE = "value of the option before it"
    PLAIN = "command, object or argument"


def roles(words: Iterable[str]) -> Iterator[tuple[str, Role]]:
    """Yield the words of a command line with their roles; after ``--`` all are plain."""
    is_value = is_past_options = False
    for word in words:
        if is_value:
            role = Role.VALUE
        elif is_past_options or word == "-" or not word.startswith("-"):
            role = Role.PLAIN
        else:
            role = Role.OPTION
            is_past_options = word == "--"
        is_value = role is Role.OPTION and _takes_value(word)
        yield word, role


def has_debug(words: Iterable[str]) -> bool:
    """Return whether a command line has the option ``--debug``, also as ``-d`` or ``-qd``."""
    options = (word for word, role in roles(words) if role is Role.OPTION)
    return any(word == "--debug" or "d" in _flags(word) for word in options)


def without_values(words: Iterable[str]) -> list[str]:
    """Return options and their values without ``-v`` and ``--values``; ``-qv`` becomes ``-q``."""
    kept: list[str] = []
    for word, role in roles(words):
        letters = _flags(word) if role is Role.OPTION else ""
        if letters:
            left = letters.replace("v", "") + word[1 + len(letters) :]
            kept += [f"-{left}"] if left else []
        elif role is not Role.OPTION or word != "--values":
            kept.append(word)
    return kept


def _flags(word: str) -> str:
    """Return the letters of a word that are options: of ``-qoyaml`` only ``qo``."""
    if word.startswith("--"):
        return ""
    letters = word[1:]
    ends = [at for at, letter in enumerate(letters) if f"-{letter}" in VALUE_OPTIONS]
    return letters[: ends[0] + 1] if ends else letters
