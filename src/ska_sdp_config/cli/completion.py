"""``ska-sdp completion``: print the completion script of a shell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import DEBUG

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete

__all__ = ["VARIABLE", "command"]

VARIABLE = "_SKA_SDP_COMPLETE"
"""Environment variable by which the script of the shell requests completions."""

SHELLS = ("bash", "zsh", "fish")


def _completion(shell: str) -> None:
    from ska_sdp_config.cli.shells import CLASSES

    program = click.get_current_context().find_root().command
    shell_class: type[ShellComplete] = CLASSES[shell]
    sys.stdout.write(shell_class(program, {}, "ska-sdp", VARIABLE).source() + "\n")


command = click.Command(
    "completion",
    params=[click.Argument(["shell"], type=click.Choice(SHELLS)), DEBUG],
    callback=_completion,
    context_settings=HELP,
    help="Print a script with which a shell completes commands, objects, and the IDs and keys of "
    'the database. In bash or zsh: eval "$(ska-sdp completion bash)", or zsh; in fish: '
    "ska-sdp completion fish | source.",
)
