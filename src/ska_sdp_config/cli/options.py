"""Options that several commands have, and those that take a value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import timedelta

import click

__all__ = [
    "ATOMIC",
    "COMMON",
    "DEBUG",
    "EB_PARAMETERS",
    "FORCE",
    "SINCE",
    "TIMEOUT",
    "VALUE_OPTIONS",
    "flag",
    "has_debug",
    "takes_value",
]


def _check_prefix(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not value.startswith("/"):
        raise click.UsageError(f"The prefix {value!r} does not begin with '/'.", ctx)
    return value.rstrip("/")


def _check_seconds(
    ctx: click.Context, param: click.Parameter, value: float | None
) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise click.UsageError(f"Invalid timeout {value}: expected seconds, more than 0.", ctx)
    return value


def _check_duration(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> timedelta | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if found is None:
        raise click.UsageError(
            f"Invalid duration {value!r}: expected a number and s, m, h or d, e.g. 10m.", ctx
        )
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})


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
    help="Output format; by default a table on a terminal.",
)
TIMEOUT = click.Option(
    ["--timeout"],
    type=float,
    metavar="SECONDS",
    callback=_check_seconds,
    help="Stop after this time, with exit code 4.",
)

SINCE = click.Option(
    ["--since"],
    metavar="DURATION",
    callback=_check_duration,
    help="Begin at the first value with a time within this duration, e.g. 10m, 2h or 1d.",
)

# Read from the command line before it is parsed: it applies to parsing errors too.
DEBUG = click.Option(
    ["-d", "--debug"],
    is_flag=True,
    expose_value=False,
    help="Log what the library does, and print the traceback of an error.",
)

COMMON: list[click.Parameter] = [
    flag("-q", "--quiet", text="Print less: values without their keys, and no notes."),
    OUTPUT,
    PREFIX,
    DEBUG,
]
"""Options of every command."""

FORCE = flag("--force", text="Skip validation, and store the value verbatim (for keys only).")
ATOMIC = flag("--atomic", text="Fail if it does not fit one transaction.")
EB_PARAMETERS = click.Option(
    ["--eb", "eb_parameters"],
    metavar="PARAMETERS",
    help="Also create an execution block with these parameters, for a real-time script.",
)

VALUE_OPTIONS = frozenset(
    name for option in (PREFIX, OUTPUT, SINCE, TIMEOUT, EB_PARAMETERS) for name in option.opts
)
"""Names of the options that take a value."""


def takes_value(option: str) -> bool:
    """Return whether the next word is the value of an option: ``-o``, ``-qo``, not ``-ojson``."""
    if option.startswith("--"):
        return option in VALUE_OPTIONS
    flags = _flags(option)
    return flags == option[1:] and f"-{flags[-1:]}" in VALUE_OPTIONS


def has_debug(words: Sequence[str]) -> bool:
    """Return whether a command line has the option ``--debug``, also as ``-d`` or ``-qd``."""
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word == "--":
            return False
        elif word.startswith("-"):
            if word == "--debug" or "d" in _flags(word):
                return True
            is_value = takes_value(word)
    return False


def _flags(word: str) -> str:
    """Return the letters of a word that are options: of ``-qoyaml`` only ``qo``."""
    if word.startswith("--"):
        return ""
    letters = word[1:]
    ends = [at for at, letter in enumerate(letters) if f"-{letter}" in VALUE_OPTIONS]
    return letters[: ends[0] + 1] if ends else letters
