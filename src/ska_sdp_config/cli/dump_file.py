"""Dumped files: ``values``, ``texts`` and ``quoted``, each a mapping of paths (spec 3).

A value stands among ``values`` if it comes back from there as it is. What is no JSON, or JSON
that others do not read alike, such as 1e400, stands among ``texts`` as it is stored. What is no
text, but bytes of others, stands among ``quoted`` with its path, each quoted as in a URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ska_sdp_config.cli import values
from ska_sdp_config.cli.objects import place_of
from ska_sdp_config.cli.targets import check_depth_of_key
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.errors import check_path

__all__ = ["MOST_BYTES", "is_owner", "read_dump", "split"]

MOST_BYTES = 256 * 2**20
"""How large a dumped file may be."""

MOST_FAULTS = 10
"""How many faults one message names."""

PARTS = ("values", "texts", "quoted")

AS_IT_IS = " !\"#$&'()*+,/:;<=>?@[]{|}\n"
"""What need not be quoted, beside letters, digits and ``-._~``."""


class _NotValid(ValueError):
    """A value is not valid for its object."""


def is_owner(path: str) -> bool:
    """Tell whether a path is one that lives with a process (spec 2.1)."""
    return path.endswith("/owner")


def split(entries: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Get the parts of the file that says what is stored: the third only if there is need."""
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    quoted: dict[str, str] = {}
    for path, text in entries.items():
        if not (values.is_utf8(path) and values.is_utf8(text)):
            quoted[_quote(path)] = _quote(text)
            continue
        try:
            found[path] = _value(text)
        except ValueError:
            texts[path] = text
    return {"values": found, "texts": texts} | ({"quoted": quoted} if quoted else {})


def _quote(text: str) -> str:
    return quote(text, AS_IT_IS, errors="surrogateescape")


def _unquote(text: str) -> str:
    return unquote_to_bytes(text).decode(errors="surrogateescape")


def _value(text: str) -> Any:
    """Get the value of a JSON text.

    Raises:
        ValueError: it is none, or would not be stored again.
    """
    value = values.parse(text)
    encode(value).encode()
    return value


def read_dump(document: object, prefix: str, *, force: bool) -> dict[str, str]:
    """Get the texts to store, by path, that a dumped file says.

    Args:
        document: what the file holds.
        prefix: what stands before the paths of objects.
        force: whether values may be any for their objects.

    Raises:
        ValueError: it is no dump, or values are not valid; names the first faults.
    """
    if not isinstance(document, dict) or not document or document.keys() - set(PARTS):
        raise ValueError(
            "it is no dump, which has mappings 'values', 'texts', 'quoted' and no more"
        )
    if not all(isinstance(document.get(part) or {}, dict) for part in PARTS):
        raise ValueError("it is no dump, in which 'values', 'texts' and 'quoted' map paths")
    found: dict[str, str] = {}
    faults: list[str] = []
    can_be_forced = False
    for part in PARTS:
        for path, value in (document.get(part) or {}).items():
            try:
                key = _unquote(str(path)) if part == "quoted" else str(path)
                check_path(key)
                check_depth_of_key(key)
                if key in found:
                    faults.append(f"{path}: it stands there twice")
                found[key] = _text(part, path, value, prefix, force)
            except (TypeError, ValueError) as exc:
                faults.append(f"{path}: {exc}")
                can_be_forced |= isinstance(exc, _NotValid)
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [f"{len(faults) - MOST_FAULTS} more"]
    if can_be_forced:
        faults.append("mend the values, or take them as they are with --force")
    if faults:
        raise ValueError("; ".join(faults))
    return found


def _text(part: str, path: str, value: Any, prefix: str, force: bool) -> str:
    from ska_sdp_config.cli.validity import faults_of

    if part != "values":
        if not isinstance(value, str):
            raise TypeError(f"it is among {part}, and is no text")
        return value if part == "texts" else _unquote(value)
    place = None if force else place_of(path, prefix)
    faults = [] if place is None else faults_of(place, value)
    if faults:
        raise _NotValid("; ".join(faults))
    return encode(value)
