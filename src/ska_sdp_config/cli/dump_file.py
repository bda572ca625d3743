"""Dumped files: ``values`` and ``texts``, each a mapping of paths (spec 3)."""

from __future__ import annotations

from typing import Any

from ..backend.common import check_path
from ..entity.codec import encode
from . import values
from .objects import place_of

__all__ = ["MOST_BYTES", "is_owner", "read_dump", "split"]

MOST_BYTES = 256 * 2**20
"""How large a dumped file may be."""

MOST_FAULTS = 10
"""How many faults one message names."""

PARTS = ("values", "texts")


def is_owner(path: str) -> bool:
    """Tell whether a path is one that lives with a process (spec 2.1)."""
    return path.endswith("/owner")


def split(entries: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Get the values of those that are JSON, and the texts of all others."""
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for path, text in entries.items():
        if values.is_json(text):
            found[path] = values.read(text)
        else:
            texts[path] = text
    return found, texts


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
        raise ValueError("it is no dump, which has mappings 'values' and 'texts' and no more")
    if not all(isinstance(document.get(part) or {}, dict) for part in PARTS):
        raise ValueError("it is no dump, in which 'values' and 'texts' are mappings of paths")
    found: dict[str, str] = {}
    faults: list[str] = []
    for part in PARTS:
        for path, value in (document.get(part) or {}).items():
            if path in found:
                faults.append(f"{path}: it is among both values and texts")
            try:
                check_path(str(path))
                found[path] = _text(part, path, value, prefix, force)
            except (TypeError, ValueError) as exc:
                faults.append(f"{path}: {exc}")
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [f"{len(faults) - MOST_FAULTS} more"]
    if faults:
        raise ValueError("; ".join(faults))
    return found


def _text(part: str, path: str, value: Any, prefix: str, force: bool) -> str:
    from .validity import faults_of

    if part == "texts":
        if not isinstance(value, str):
            raise TypeError("it is among texts, and is none")
        return value
    place = None if force else place_of(path, prefix)
    faults = [] if place is None else faults_of(place, value)
    if faults:
        raise ValueError("; ".join(faults))
    return encode(value)
