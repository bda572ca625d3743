"""The commands of the operators' guide, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

__all__ = ["commands"]

GUIDE = Path(__file__).parents[2] / "docs/operations"


def commands(page: str, *beginnings: str) -> list[str]:
    """The shell blocks of a page that hold a line with each beginning, as they stand there."""
    text = (GUIDE / page).read_text()
    blocks = [dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.S | re.M)]
    found = []
    for beginning in beginnings:
        (block,) = (each for each in blocks if re.search(f"^{beginning}", each, re.M))
        found.append(block)
    return found
