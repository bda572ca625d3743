"""The options of commands, each written once."""

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
    "TAKE_A_VALUE",
    "TIMEOUT",
    "VALUES",
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
        raise click.UsageError(f"The time-out is {value}: write seconds, more than 0.", ctx)
    return value


def _flag(*names: str, text: str) -> click.Option:
    return click.Option(names, is_flag=True, help=text)


PREFIX = click.Option(
    ["--prefix"],
    default="",
    metavar="PATH",
    callback=_check_prefix,
    help="Where objects are, if not at the top, such as /test.",
)
OUTPUT = click.Option(
    ["-o", "--output"],
    type=click.Choice(["table", "json", "yaml", "name"]),
    help="How to print; a table by default on a terminal.",
)
TIMEOUT = click.Option(
    ["--timeout"],
    type=float,
    metavar="SECONDS",
    callback=_check_seconds,
    help="Stop after so long, with exit code 4.",
)

# Read off the command line before it is parsed, as errors in parsing obey it too.
DEBUG = click.Option(
    ["--debug"],
    is_flag=True,
    expose_value=False,
    help="Say what the library does, and show the traceback of an error.",
)

COMMON: list[click.Parameter] = [
    _flag("-q", "--quiet", text="Cut back on unnecessary output."),
    OUTPUT,
    PREFIX,
    DEBUG,
]
"""What every command takes."""

ALL = _flag("-a", "--all", "everything", text="List every entry, also states and owners.")
DELETE_ALL = _flag("-a", "--all", "everything", text="Delete all of them.")
VALUES = _flag("-v", "--values", text="List the values too; with -q only the values.")
SYNC = _flag("--sync", text="Delete scripts not in the input.")
SYNC_ALL = _flag("--sync", text="Delete keys not in the input, apart from owners.")
OWNERS = _flag("-a", "--all", "everything", text="Also owners, which belong to processes.")
AS_IS = _flag("--force", text="Take values as they are, also those that are not valid.")
DIFFERENCES = _flag("--dry-run", text="Only say what would change, and how values differ.")
FORCE = _flag("--force", text="Take the value as it is, whatever it is (for keys only).")
YES = _flag("-y", "--yes", text="Do not ask before everything is deleted.")
CANCEL = _flag("-c", "--cancel", text="Cancel it, rather than say that it is finished.")
EB_PARAMETERS = click.Option(
    ["--eb", "eb_parameters"],
    metavar="PARAMETERS",
    help="Create an execution block with these parameters too, for a real-time script.",
)
DRY_RUN = _flag("--dry-run", text="Only say what would change.")
ATOMIC = _flag("--atomic", text="Refuse what does not fit one transaction.")

TAKE_A_VALUE = frozenset(
    name for option in (PREFIX, OUTPUT, TIMEOUT, EB_PARAMETERS) for name in option.opts
)
"""The spellings after which comes a value, which is therefore no command or object."""
