"""Options of commands."""

from __future__ import annotations

import math

import click

__all__ = [
    "ALL",
    "AS_IS",
    "ATOMIC",
    "CANCEL",
    "COMMON",
    "DELETE_ALL",
    "DIFFERENCES",
    "DRY_RUN",
    "EB_PARAMETERS",
    "FORCE",
    "OWNERS",
    "SYNC",
    "SYNC_ALL",
    "TIMEOUT",
    "VALUES",
    "VALUE_OPTIONS",
    "YES",
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


def _flag(*names: str, text: str) -> click.Option:
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

# Read from the command line before it is parsed: it applies to parsing errors too.
DEBUG = click.Option(
    ["--debug"],
    is_flag=True,
    expose_value=False,
    help="Log what the library does, and print the traceback of an error.",
)

COMMON: list[click.Parameter] = [
    _flag("-q", "--quiet", text="Cut back on unnecessary output."),
    OUTPUT,
    PREFIX,
    DEBUG,
]
"""Options of every command."""

ALL = _flag("-a", "--all", "everything", text="List every entry, including states and owners.")
DELETE_ALL = _flag("-a", "--all", "everything", text="Delete all of them.")
VALUES = _flag("-v", "--values", text="List the values too; with -q only the values.")
SYNC = _flag("--sync", text="Delete scripts not in the input.")
SYNC_ALL = _flag("--sync", text="Delete keys not in the input, except owners.")
OWNERS = _flag("-a", "--all", "everything", text="Include owners, which belong to processes.")
AS_IS = _flag("--force", text="Skip validation of the values.")
DIFFERENCES = _flag("--dry-run", text="Only print the changes, with the differences of values.")
FORCE = _flag("--force", text="Skip validation, and store the value verbatim (for keys only).")
YES = _flag("-y", "--yes", text="Do not ask for confirmation.")
CANCEL = _flag("-c", "--cancel", text="Cancel it instead of finishing it.")
EB_PARAMETERS = click.Option(
    ["--eb", "eb_parameters"],
    metavar="PARAMETERS",
    help="Also create an execution block with these parameters, for a real-time script.",
)
DRY_RUN = _flag("--dry-run", text="Only print the changes.")
ATOMIC = _flag("--atomic", text="Fail if it does not fit one transaction.")

VALUE_OPTIONS = frozenset(
    name for option in (PREFIX, OUTPUT, TIMEOUT, EB_PARAMETERS) for name in option.opts
)
"""Names of the options that take a value."""
