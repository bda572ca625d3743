"""``ska-sdp import``: import script definitions, or the system entry, from a file or a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ska_sdp_config.cli.errors import rejecting
from ska_sdp_config.cli.group import Group, make_command
from ska_sdp_config.cli.objects import SCRIPT, SYSTEM
from ska_sdp_config.cli.options import ATOMIC, COMMON, DRY_RUN, flag
from ska_sdp_config.cli.output import Change, Printer
from ska_sdp_config.cli.session import check_connection
from ska_sdp_config.store.redaction import redact_userinfo

if TYPE_CHECKING:
    from ska_sdp_config.cli.bulk import Goal

__all__ = ["command"]


def _import_scripts(
    source: str, sync: bool, dry_run: bool, atomic: bool, out: Printer, prefix: str
) -> None:
    check_connection()
    from ska_sdp_config.cli.bulk import Goal
    from ska_sdp_config.cli.documents import parse
    from ska_sdp_config.cli.script_file import read_definitions
    from ska_sdp_config.cli.source import read_text

    text = read_text(source)
    with rejecting(redact_userinfo(source)):
        definitions = read_definitions(parse(text))
    root = SCRIPT.path(prefix)
    wanted = {root + key: definitions[key] for key in sorted(definitions)}
    goal = Goal(root, wanted, is_surplus=(lambda path: True) if sync else None)
    _write(goal, prefix, out, dry_run=dry_run, atomic=atomic)


def _import_system(source: str, dry_run: bool, out: Printer, prefix: str) -> None:
    check_connection()
    from ska_sdp_config.cli.bulk import Goal
    from ska_sdp_config.cli.source import parse_value, read_text
    from ska_sdp_config.cli.validity import stored_text

    path = SYSTEM.path(prefix)
    value = parse_value(read_text(source), redact_userinfo(source))
    goal = Goal(path, {path: stored_text(path, value, prefix)})
    _write(goal, prefix, out, dry_run=dry_run, atomic=True)


def _write(goal: Goal, prefix: str, out: Printer, *, dry_run: bool, atomic: bool) -> None:
    """Write a goal, or only print the changes."""
    from ska_sdp_config.cli.bulk import execute_goal, preview

    if not dry_run:
        execute_goal(goal, prefix, out, atomic=atomic)
        return
    differences, unchanged = preview(goal, prefix)
    out.changes([Change(each.word, each.path) for each in differences], unchanged)


SOURCE = click.Argument(["source"], metavar="FILE-OR-URL", type=click.Path())
OPTIONS: list[click.Parameter] = [
    flag("--sync", text="Delete scripts not in the input."),
    DRY_RUN,
    ATOMIC,
]

_scripts = make_command(
    "scripts",
    _import_scripts,
    [SOURCE, *OPTIONS],
    help="Import script definitions from FILE-OR-URL, or from standard input if it is '-'. "
    "Prints each script that it creates, updates or deletes. An invalid file changes nothing.",
    short_help="Script definitions",
)

_system = make_command(
    "system",
    _import_system,
    [SOURCE, DRY_RUN],
    help="Create the system entry, or replace its value, from FILE-OR-URL, or from standard input "
    "if it is '-': a JSON or YAML mapping.",
    short_help="Configuration of the system",
)

command = Group(
    name="import",
    help="Import definitions into the configuration database.",
    usage=["scripts [options] FILE-OR-URL", "system [options] FILE-OR-URL"],
    params=[*OPTIONS, *COMMON],
    commands=[_scripts, _system],
)
