"""Values that a command is given: JSON or YAML, ``@file``, or ``-`` for standard input."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.source import read_text

__all__ = ["argument_text", "argument_value", "parse_value"]


def argument_text(given: str) -> str:
    """Get the text that is meant by a word of the command line.

    Args:
        given: the text itself, ``@`` and the path of a file, or ``-``.

    Raises:
        Failed: the file cannot be read.
    """
    if given.startswith("@"):
        return read_text(given[1:])
    return read_text("-") if given == "-" else given


def argument_value(given: str, what: str) -> Any:
    """Get the value that is meant by a word of the command line.

    Args:
        given: JSON or YAML, ``@`` and the path of a file with it, or ``-``.
        what: what it is for, at the beginning of a sentence.

    Raises:
        Failed: it cannot be read, or is neither.
    """
    return parse_value(argument_text(given), what)


def parse_value(text: str, what: str) -> Any:
    """Get the value that a text means.

    Args:
        text: JSON or YAML.
        what: what it is for, at the beginning of a sentence.

    Raises:
        Failed: it is neither.
    """
    from ska_sdp_config.cli.documents import parse

    try:
        return parse(text)
    except ValueError as exc:
        raise Failed(f"{what} was refused, and nothing changed: {exc}.") from exc
