"""``ska-sdp help``: print the help of a command, as its option ``-h`` does."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import DEBUG

__all__ = ["command"]


def _help(words: tuple[str, ...]) -> int:
    program = click.get_current_context().find_root().command
    code: int = program.main([*words, "-h"], prog_name="ska-sdp", standalone_mode=False)
    return code


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a command."""
    root = ctx.find_root()
    if ctx.params.get("words") or not isinstance(root.command, click.Group):
        return []
    names = root.command.list_commands(root)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


command = click.Command(
    "help",
    params=[
        click.Argument(
            ["words"], nargs=-1, metavar="[COMMAND [OBJECT]]", shell_complete=_complete
        ),
        DEBUG,
    ],
    callback=_help,
    # The options of other commands are passed to them, with the words.
    context_settings={**HELP, "ignore_unknown_options": True},
    help="Print the help of a command, or of a command for an object, as the option -h does.",
)
