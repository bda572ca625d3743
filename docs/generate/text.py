"""MyST tables, and the descriptions of attributes from docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence

from docstring_parser import DocstringStyle, parse

__all__ = ["code", "described", "first_line", "table", "without_source"]

_SOURCE = re.compile(r" \((spec|schema) [^)]*\)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is MyST text of one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def code(text: object) -> str:
    """Format a text as code."""
    return f"`{text}`"


def described(subject: type | Callable[..., object]) -> dict[str, str]:
    """Return the description of each attribute or argument in a docstring.

    Args:
        subject: a class or function with a docstring in Google's style.
    """
    found = parse(inspect.getdoc(subject) or "", style=DocstringStyle.GOOGLE)
    return {
        name.strip(): _sentence(param.description or "")
        for param in found.params
        for name in param.arg_name.split(",")
    }


def without_source(text: str) -> str:
    """Remove references to documents that readers do not have."""
    return _SOURCE.sub("", text)


def _sentence(text: str) -> str:
    text = without_source(" ".join(text.split())).replace("``", "`")
    return text[:1].upper() + text[1:]


def first_line(subject: type | Callable[..., object]) -> str:
    """Return the first line of a docstring without such references."""
    return _sentence((inspect.getdoc(subject) or "").splitlines()[0])
