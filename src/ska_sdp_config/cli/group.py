"""Commands that hold commands, with options in any position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ska_sdp_config.cli.options import TAKE_A_VALUE

__all__ = ["HELP", "Group"]

HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of every command: how to ask for help."""


class Group(click.Group):
    """A command that holds commands. Options before one of these are given to it.

    Args:
        usage: the ways of use, without the words that lead here.
        members: what those held are called in help and in errors.
        instead: what else may be named, for errors.
        arguments: those of click.Group.
    """

    def __init__(
        self,
        *,
        usage: Sequence[str] = (),
        members: str = "object",
        instead: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(context_settings=HELP, no_args_is_help=False, **arguments)
        self.usage = usage
        self.members = members
        self._instead = instead

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bring the name of the command to the front, and leave the rest in its order."""
        at = _first_word(args)
        if at is not None:
            args = [args[at], *args[:at], *args[at + 1 :]]
        rest = super().parse_args(ctx, args)
        if at is None and not (self.invoke_without_command or ctx.resilient_parsing):
            ctx.fail(f"There is no {self.members} given: name one of {self._known(ctx)}.")
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which there are."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            ctx.fail(f"There is no {self.members} {args[0]!r}: name one of {self._known(ctx)}.")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names, in the order in which they were added."""
        return list(self.commands)

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Get the names and what help says of each."""
        return [
            (name, command.get_short_help_str(limit=80)) for name, command in self.commands.items()
        ]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line for each way of use."""
        for number, line in enumerate([*self.usage, "(-h|--help)"]):
            prefix = " " * len("Usage: ") if number else "Usage: "
            formatter.write_usage(ctx.command_path, line, prefix=prefix)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what this holds, under its own name."""
        with formatter.section(f"{self.members}s".capitalize()):
            formatter.write_dl(self.rows(ctx))

    def _known(self, ctx: click.Context) -> str:
        known = ", ".join(self.list_commands(ctx))
        return f"{known}, {self._instead}" if self._instead else known


def _first_word(args: Sequence[str]) -> int | None:
    """Get the position of the first word that is neither an option nor the value of one."""
    skip = False
    for position, word in enumerate(args):
        if skip:
            skip = False
        elif word == "-" or not word.startswith("-"):
            return position
        else:
            skip = _wants_value(word)
    return None


def _wants_value(option: str) -> bool:
    """Tell whether the word after an option is its value: ``-o``, ``-qo``, not ``-ojson``."""
    if option.startswith("--"):
        return option in TAKE_A_VALUE
    letters = [f"-{letter}" in TAKE_A_VALUE for letter in option[1:]]
    return True in letters and letters.index(True) == len(letters) - 1
