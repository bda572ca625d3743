"""Format of dumps: ``values``, ``texts`` and ``quoted``, each a mapping of paths.

``values`` has the JSON values that survive a round trip. Other text, also JSON that parsers
interpret differently, such as 1e400, is stored verbatim in ``texts``. Bytes that are not UTF-8 are
in ``quoted``, path and value percent-encoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ska_sdp_config.cli.errors import join_faults
from ska_sdp_config.cli.objects import locate
from ska_sdp_config.cli.targets import check_depth_of_key
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.live import values
from ska_sdp_config.store.errors import check_path

__all__ = ["MAX_BYTES", "is_owner", "read_dump", "split"]

MAX_BYTES = 256 * 2**20
"""Maximum size of a dump."""

PARTS = ("values", "texts", "quoted")

UNQUOTED = " !\"#$&'()*+,/:;<=>?@[]{|}\n"
"""Characters that are not percent-encoded, besides letters, digits and ``-._~``."""


class _InvalidValue(ValueError):
    """A value is invalid for its object."""


def is_owner(path: str) -> bool:
    """Return whether a path is that of an owner, which is bound to the lease of a process."""
    return path.endswith("/owner")


def split(entries: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the parts of a dump; ``quoted`` only if it is not empty."""
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
    return quote(text, UNQUOTED, errors="surrogateescape")


def _unquote(text: str) -> str:
    return unquote_to_bytes(text).decode(errors="surrogateescape")


def _value(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or cannot be stored again.
    """
    value = values.parse(text)
    encode(value).encode()
    return value


def read_dump(document: object, prefix: str, *, force: bool) -> dict[str, str]:
    """Return the texts to store, by path; ``force`` skips the validation of values.

    Raises:
        ValueError: it is not a dump, or values are invalid; names the first faults.
    """
    if not isinstance(document, dict) or not document or document.keys() - set(PARTS):
        raise ValueError(
            "it is not a dump: expected only the mappings 'values', 'texts' and 'quoted'"
        )
    if not all(isinstance(document.get(part) or {}, dict) for part in PARTS):
        raise ValueError(
            "it is not a dump: 'values', 'texts' and 'quoted' must be mappings of paths"
        )
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
                    faults.append(f"{path}: duplicate path")
                found[key] = _text(part, path, value, prefix, force)
            except (TypeError, ValueError) as exc:
                faults.append(f"{path}: {exc}")
                can_be_forced |= isinstance(exc, _InvalidValue)
    if faults:
        advice = "; correct the values, or use --force to skip validation" if can_be_forced else ""
        raise ValueError(join_faults(faults) + advice)
    return found


def _text(part: str, path: str, value: Any, prefix: str, force: bool) -> str:
    from ska_sdp_config.cli.validity import find_faults

    if part != "values":
        if not isinstance(value, str):
            raise TypeError(f"it is among {part}, and is not a string")
        return value if part == "texts" else _unquote(value)
    place = None if force else locate(path, prefix)
    faults = [] if place is None else find_faults(place, value)
    if faults:
        raise _InvalidValue("; ".join(faults))
    return encode(value)
