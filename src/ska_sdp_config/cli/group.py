"""Commands, and groups of commands that accept options in any position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from ska_sdp_config.cli.objects import ALIASES
from ska_sdp_config.cli.options import COMMON, VALUE_OPTIONS, Role, roles
from ska_sdp_config.cli.suggestions import (
    advise_on_object,
    advise_on_order,
    closest,
    misspelt_option,
)
from ska_sdp_config.store.redaction import quoted_redacted

__all__ = ["HELP", "Action", "Group", "first_word", "make_command", "with_printer"]

HELP = {"help_option_names": ["-h", "--help"]}
"""Context settings of every command: the names of the help option."""

Action = Callable[..., "int | None"]
"""Function of a command: arguments and options are keyword arguments, with a Printer ``out``.

It may return an exit code.
"""


def with_printer(action: Action) -> Action:
    """Return a callback that makes the printer ``out`` from the options ``-o`` and ``-q``."""

    def callback(output: str | None, quiet: bool, **options: Any) -> int | None:
        from ska_sdp_config.cli.printers import make_printer

        return action(out=make_printer(output, quiet), **options)

    return callback


def make_command(
    name: str, action: Action, params: Sequence[click.Parameter], **arguments: Any
) -> click.Command:
    """Return a command that has the common options; ``arguments`` are those of click.Command."""
    return click.Command(
        name,
        params=[*params, *COMMON],
        callback=with_printer(action),
        context_settings=HELP,
        **arguments,
    )


class Group(click.Group):
    """Command group; options before the name of a subcommand are passed to the subcommand.

    Args:
        usage: lines of usage, without the command path.
        members: the noun for subcommands in help and errors.
        alternative: what else may be named, for errors.
        unsupported: the reasons why known objects are not among the subcommands, by name.
        aliases: name of the subcommand by each other word that is accepted.
    """

    def __init__(
        self,
        *,
        usage: Sequence[str] = (),
        members: str = "object",
        alternative: str = "",
        unsupported: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] = ALIASES,
        **arguments: Any,
    ) -> None:
        super().__init__(context_settings=HELP, no_args_is_help=False, **arguments)
        self.usage = usage
        self.members = members
        self._alternative = alternative
        self._unsupported = unsupported or {}
        self._aliases = aliases

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move the name of the subcommand to the front; keep the order of the rest."""
        at = first_word(args)
        if at is not None:
            args = [self._name(args[at]), *args[:at], *args[at + 1 :]]
        rest = super().parse_args(ctx, args)
        if at is None and not (self.invoke_without_command or ctx.resilient_parsing):
            ctx.fail(f"Missing {self.members}: expected one of {self._choices(ctx)}.")
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            self._fail_unknown(ctx, *args)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order of definition."""
        return list(self.commands)

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the name and short help of each subcommand."""
        return [
            (name, command.get_short_help_str(limit=80)) for name, command in self.commands.items()
        ]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lines of usage."""
        for number, line in enumerate([*self.usage, "(-h|--help)"]):
            prefix = " " * len("Usage: ") if number else "Usage: "
            formatter.write_usage(ctx.command_path, line, prefix=prefix)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands."""
        with formatter.section(f"{self.members}s".capitalize()):
            formatter.write_dl(self.rows(ctx))

    def _name(self, word: str) -> str:
        """Return the name of the subcommand for a word that may be an alias of it."""
        name = self._aliases.get(word, word)
        return name if name in self.commands else word

    def _fail_unknown(self, ctx: click.Context, word: str, *rest: str) -> None:
        """Raise the error on an unknown subcommand, with the word that was probably meant.

        Raises:
            UsageError: always.
        """
        known = {name for each in (*self.params, *COMMON) for name in each.opts} | VALUE_OPTIONS
        if option := misspelt_option(rest, known):
            # Its value was taken for the subcommand.
            raise click.NoSuchOption(option, possibilities=sorted(known), ctx=ctx)
        names = self.list_commands(ctx)
        if self.members == "command" and (advice := advise_on_order(word, rest, names)):
            ctx.fail(advice)
        other = next((each for each in rest if self._aliases.get(each, each) in names), None)
        advice = self._advise(word, names, ctx)
        if advice is None and other is not None:
            advice = f"the {self.members} goes first, as in '{ctx.command_path} {other} …'."
        unknown = f"Unknown {self.members} {quoted_redacted(word)}: "
        unknown += advice or f"expected one of {self._choices(ctx)}."
        ctx.fail(self._unsupported.get(self._aliases.get(word, word), unknown))

    def _advise(self, word: str, names: Sequence[str], ctx: click.Context) -> str | None:
        if self.members == "object":
            return advise_on_object(word, names, ctx.command_path)
        found = closest(word, names)
        return f"did you mean {found!r}?" if found else None

    def _choices(self, ctx: click.Context) -> str:
        names = ", ".join(self.list_commands(ctx))
        return f"{names}, {self._alternative}" if self._alternative else names


def first_word(args: Sequence[str]) -> int | None:
    """Return the position of the first word that is neither an option nor the value of one."""
    plain = (at for at, (_, role) in enumerate(roles(args)) if role is Role.PLAIN)
    return next(plain, None)
