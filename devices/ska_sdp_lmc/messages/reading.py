"""Decoding of a message and of its interface, common to all commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ska_sdp_config.lmc.schema.faults import Issue, MessageError, raise_or_warn
from ska_sdp_config.lmc.schema.versions import Version, read_interface
from ska_sdp_lmc.messages.jsontext import read_object

__all__ = ["Document", "find_transaction_id", "open_document", "transaction_id"]

_MAX_ID_CHARS = 96


class Document(NamedTuple):
    """Decoded argument of a command.

    Attributes:
        value: the JSON object.
        version: the version of its interface, None without one.
        issues: issues of the interface, none of them fatal.
    """

    value: dict[str, Any]
    version: Version | None
    issues: tuple[Issue, ...]


def open_document(command: str, schema: str, text: object, strictness: int) -> Document:
    """Decode the argument of a command and read its interface, of a schema such as ``assignres``.

    Raises:
        MessageError: not a JSON object of at most 1 MiB, or an invalid interface.
    """
    value = read_object(command, text)
    version, issues = read_interface(value, schema)
    raise_or_warn(command, issues, strictness)
    return Document(value, version, issues)


def transaction_id(value: Mapping[str, Any]) -> str | None:
    """Return the transaction id of a valid message; treat an empty one as absent."""
    return value.get("transaction_id") or None


def find_transaction_id(text: str) -> str | None:
    """Return the transaction id of a rejected message, for the log; None if none is readable."""
    try:
        found = read_object("", text).get("transaction_id")
    except MessageError:
        return None
    return found if isinstance(found, str) and 0 < len(found) <= _MAX_ID_CHARS else None
