"""Inputs that found a defect, or were the first to reach something: kept, and always checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["MAX_CHARACTERS", "add", "read"]

DIRECTORY = Path(__file__).parent / "corpus"

MAX_CHARACTERS = 1_500
"""Largest input to keep."""


def _file(kind: str) -> Path:
    return DIRECTORY / f"{kind}.jsonl"


def read(kind: str) -> list[Any]:
    """Return the kept inputs of a kind."""
    file = _file(kind)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def add(kind: str, cases: Iterable[Any]) -> int:
    """Keep inputs that are small and not kept yet; return their number."""
    known = set(_lines(read(kind)))
    new = [line for line in _lines(cases) if len(line) <= MAX_CHARACTERS and line not in known]
    new = list(dict.fromkeys(new))
    with _file(kind).open("a") as file:
        file.writelines(f"{line}\n" for line in new)
    return len(new)


def _lines(cases: Iterable[Any]) -> list[str]:
    return [json.dumps(case, separators=(",", ":")) for case in cases]
