"""Documents as they are stored, put together from what was written before."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.unchanging import by_identity

__all__ = ["text_of"]


def text_of(document: Json) -> str:
    """Get the text of a document that nobody changes any more: byte for byte as ``encode``.

    An execution block is large, and a command changes two or three of its fields: the text of
    the others is kept.

    Args:
        document: an object with strings for keys.

    Raises:
        TypeError: JSON has no word for something in the document.
        ValueError: JSON has no word for a number, or a string is no Unicode text.
    """
    parts = {
        key: value for key, value in document.items() if value and isinstance(value, dict | list)
    }
    lines = encode({**document, **dict.fromkeys(parts)}).split("\n")
    # After the brace there is a line a key: a line break within a string is written as an escape.
    for number, key in enumerate(sorted(document) if parts else (), start=1):
        if key in parts:
            name, _, comma = lines[number].rpartition("null")
            lines[number] = f"{name}{_indented(parts[key])}{comma}"
    return "\n".join(lines)


@by_identity(512)
def _indented(part: Any) -> str:
    return encode(part).replace("\n", "\n  ")
