"""Reference of ``ska-sdp`` and ``ska-sdp-lmc`` from their help texts."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ska_sdp_config.cli.program import program
from ska_sdp_lmc.cli import main

__all__ = ["operator_commands", "verbs"]

_WIDTH = 96


def verbs() -> str:
    """Return a section for ``ska-sdp`` and one for each of its commands."""
    return "\n".join(_sections(program, None, "ska-sdp"))


def operator_commands() -> str:
    """Return a section for ``ska-sdp-lmc`` and one for each of its commands."""
    return "\n".join(_sections(main, None, "ska-sdp-lmc"))


def _sections(
    command: click.Command, parent: click.Context | None, name: str | None
) -> Iterator[str]:
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    level = "#" * (2 if parent is None or parent.parent is None else 3)
    yield f"{level} `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for member in command.list_commands(context):
            below = command.get_command(context, member)
            if below is not None and not below.hidden:
                yield from _sections(below, context, below.name)
