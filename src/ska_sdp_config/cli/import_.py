"""``ska-sdp import``: import script definitions from a file or a URL."""

from __future__ import annotations

import click

from ska_sdp_config.cli.errors import rejecting
from ska_sdp_config.cli.group import Group, make_command
from ska_sdp_config.cli.objects import SCRIPT
from ska_sdp_config.cli.options import ATOMIC, COMMON, flag
from ska_sdp_config.cli.output import Change, Printer

__all__ = ["command"]


def _import_scripts(
    source: str, sync: bool, dry_run: bool, atomic: bool, out: Printer, prefix: str
) -> None:
    from ska_sdp_config.cli.bulk import Goal, execute_goal, preview
    from ska_sdp_config.cli.documents import parse
    from ska_sdp_config.cli.script_file import read_definitions
    from ska_sdp_config.cli.source import read_text

    text = read_text(source)
    with rejecting(source):
        definitions = read_definitions(parse(text))
    root = SCRIPT.path(prefix)
    wanted = {root + key: definitions[key] for key in sorted(definitions)}
    goal = Goal(root, wanted, is_surplus=(lambda path: True) if sync else None)
    if not dry_run:
        execute_goal(goal, prefix, out, atomic=atomic)
        return
    differences, unchanged = preview(goal, prefix)
    out.changes([Change(each.word, each.path) for each in differences], unchanged)


OPTIONS: list[click.Parameter] = [
    flag("--sync", text="Delete scripts not in the input."),
    flag("--dry-run", text="Only print the changes."),
    ATOMIC,
]

_scripts = make_command(
    "scripts",
    _import_scripts,
    [click.Argument(["source"], metavar="FILE-OR-URL", type=click.Path()), *OPTIONS],
    help="Import script definitions from FILE-OR-URL, or from standard input if it is '-'. "
    "Prints each script that it creates, updates or deletes. An invalid file changes nothing.",
    short_help="Script definitions",
)

command = Group(
    name="import",
    help="Import definitions into the configuration database.",
    usage=["scripts [options] FILE-OR-URL"],
    params=[*OPTIONS, *COMMON],
    commands=[_scripts],
)
