"""Values on the command line: JSON or YAML, ``@FILE``, or ``-`` for standard input."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.source import read_text

__all__ = ["argument_text", "argument_value", "parse_value"]


def argument_text(given: str) -> str:
    """Return the text of an argument.

    Args:
        given: the text itself, ``@`` and the path of a file, or ``-``.

    Raises:
        Failed: the file cannot be read.
    """
    if given.startswith("@"):
        return read_text(given[1:])
    return read_text("-") if given == "-" else given


def argument_value(given: str, what: str) -> Any:
    """Return the value of an argument.

    Args:
        given: JSON or YAML, ``@`` and the path of a file with it, or ``-``.
        what: the subject of an error message.

    Raises:
        Failed: it cannot be read or parsed.
    """
    return parse_value(argument_text(given), what)


def parse_value(text: str, what: str) -> Any:
    """Parse JSON or YAML.

    Args:
        text: the text.
        what: the subject of an error message.

    Raises:
        Failed: it is neither.
    """
    from ska_sdp_config.cli.documents import parse

    try:
        return parse(text)
    except ValueError as exc:
        raise Failed(f"{what} was rejected, nothing was changed: {exc}.") from exc
