"""What reading begins with for every command: the document and its interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .faults import Issue, settle
from .jsontext import read_object
from .versions import Version, read_interface

__all__ = ["Document", "open_document", "transaction_id"]


class Document(NamedTuple):
    """A command's argument as JSON.

    Attributes:
        value: the JSON object.
        version: the version its interface says, None when it has none.
        issues: what is wrong with the interface, nothing of it fatal.
    """

    value: dict[str, Any]
    version: Version | None
    issues: tuple[Issue, ...]


def open_document(command: str, schema: str, text: object, strictness: int) -> Document:
    """Read a command's argument as far as its interface.

    Args:
        command: name of the command, for the error's text.
        schema: name of the command's schema in interfaces.
        text: the argument.
        strictness: 0, 1 or 2.

    Raises:
        MessageError: it is no JSON object of at most 1 MiB, or its interface is another's.
    """
    value = read_object(command, text)
    version, issues = read_interface(value, schema)
    settle(command, issues, strictness)
    return Document(value, version, issues)


def transaction_id(value: Mapping[str, Any]) -> str | None:
    """Return the transaction id of a checked message; an empty one counts as none."""
    return value.get("transaction_id") or None
