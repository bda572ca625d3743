"""What reading begins with for every command: the document and its interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ska_sdp_config.lmc.schema.faults import Issue, MessageError, raise_or_warn
from ska_sdp_config.lmc.schema.versions import Version, read_interface
from ska_sdp_lmc.messages.jsontext import read_object

__all__ = ["Document", "find_transaction_id", "open_document", "transaction_id"]

_MAX_ID_CHARS = 96


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
    raise_or_warn(command, issues, strictness)
    return Document(value, version, issues)


def transaction_id(value: Mapping[str, Any]) -> str | None:
    """Return the transaction id of a checked message; an empty one counts as none."""
    return value.get("transaction_id") or None


def find_transaction_id(text: str) -> str | None:
    """Find the transaction id of a message that was refused, for the log.

    Args:
        text: the message.

    Returns:
        The id; None when the text has none that can be read.
    """
    try:
        found = read_object("", text).get("transaction_id")
    except MessageError:
        return None
    return found if isinstance(found, str) and 0 < len(found) <= _MAX_ID_CHARS else None
