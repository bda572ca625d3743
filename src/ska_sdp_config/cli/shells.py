"""How shells ask for completions, where click's own way does not do for our ids.

Ids have colons in them, at which bash breaks words: it gives the program the pieces, and puts
what is completed in the place of the last piece.
"""

from __future__ import annotations

import os

from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

__all__ = ["CLASSES", "BashByLine", "register"]

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
    """Completion for bash from the line as it was typed, rather than from bash's pieces of it."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Get the words before the one to complete, and that one, empty if it is not begun."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        if not words or line[-1:].isspace():
            return words, ""
        return words[:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Get completions, without what stands before the piece that bash puts them in."""
        breaks = os.environ.get("COMP_WORDBREAKS", "")
        before = incomplete.rpartition(":")[0] + ":" if ":" in incomplete and ":" in breaks else ""
        items = super().get_completions(args, incomplete)
        for item in items:
            item.value = item.value.removeprefix(before)
        return items

    def format_completion(self, item: CompletionItem) -> str:
        """Write one as the function reads it."""
        return "file" if item.type in ("file", "dir") else f"plain,{item.value}"


CLASSES: dict[str, type[ShellComplete]] = {
    "bash": BashByLine,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


def register() -> None:
    """Have click use these."""
    for shell_class in CLASSES.values():
        add_completion_class(shell_class)
