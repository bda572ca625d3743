"""Commands of the operators' guide."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

GUIDE = Path(__file__).parents[2] / "docs/operations"


def commands(page: str, *beginnings: str) -> list[str]:
    """Return the shell blocks of a page that contain a line with each beginning."""
    text = (GUIDE / page).read_text()
    blocks = [dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.S | re.M)]
    found = []
    for beginning in beginnings:
        (block,) = (each for each in blocks if re.search(f"^{beginning}", each, re.M))
        found.append(block)
    return found
