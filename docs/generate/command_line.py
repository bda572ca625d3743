"""Reference of ``ska-sdp`` from its help texts."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ska_sdp_config.cli.program import program

__all__ = ["verbs"]

_WIDTH = 96


def verbs() -> str:
    """Return a section for the program and one for each command."""
    return "\n".join(_sections(program, None))


def _sections(command: click.Command, parent: click.Context | None) -> Iterator[str]:
    name = command.name if parent else "ska-sdp"
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    level = "#" * (2 if parent is None or parent.parent is None else 3)
    yield f"{level} `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for member in command.list_commands(context):
            below = command.get_command(context, member)
            if below is not None and not below.hidden:
                yield from _sections(below, context)
