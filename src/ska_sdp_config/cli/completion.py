"""``ska-sdp completion``: print the completion script of a shell.

Completion supports colons in IDs, at which bash splits words: it passes the pieces to the program,
and replaces only the last one.
"""

from __future__ import annotations

import os
import sys

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import DEBUG

__all__ = ["VARIABLE", "command", "register_shells"]

VARIABLE = "_SKA_SDP_COMPLETE"
"""Environment variable by which the script of the shell requests completions."""

_BASH = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line ]] || continue
        if [[ $line == file ]]; then
            compopt -o default
        else
            COMPREPLY+=("${line#plain,}")
        fi
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashByLine(ShellComplete):
    """Completion for bash, based on the whole line rather than on bash's words."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one to complete, and its beginning."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        if not words or line[-1:].isspace():
            return words, ""
        return words[:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return completions without the part before the piece that bash replaces."""
        breaks = os.environ.get("COMP_WORDBREAKS", "")
        before = incomplete.rpartition(":")[0] + ":" if ":" in incomplete and ":" in breaks else ""
        items = super().get_completions(args, incomplete)
        for item in items:
            item.value = item.value.removeprefix(before)
        return items

    def format_completion(self, item: CompletionItem) -> str:
        """Format a completion for the shell function."""
        return "file" if item.type in ("file", "dir") else f"plain,{item.value}"


SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashByLine,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


def register_shells() -> None:
    """Register the classes of the shells with click."""
    for shell_class in SHELLS.values():
        add_completion_class(shell_class)


def _completion(shell: str) -> None:
    program = click.get_current_context().find_root().command
    sys.stdout.write(SHELLS[shell](program, {}, "ska-sdp", VARIABLE).source() + "\n")


command = click.Command(
    "completion",
    params=[click.Argument(["shell"], type=click.Choice(list(SHELLS))), DEBUG],
    callback=_completion,
    context_settings=HELP,
    help="Print a script with which a shell completes commands, objects, and the IDs and keys of "
    'the database. In bash or zsh: eval "$(ska-sdp completion bash)", or zsh; in fish: '
    "ska-sdp completion fish | source.",
)
