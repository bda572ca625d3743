"""The page of assumptions against the modules that depend on them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tests.docs.page import ROOT

PAGE = (ROOT / "docs/reference/assumptions.md").read_text()
CITATION = re.compile(r"reference/assumptions\.md|^\s*(?:#\s*)?Assumption: ", re.M)


def modules_on_the_page() -> set[str]:
    """Return the paths in the last column. A bare name is in the directory of the one before."""
    found: set[str] = set()
    for row in PAGE.splitlines():
        directory = PurePosixPath()
        for name in re.findall("`([^`]+)`", row.strip("| ").rpartition("|")[2]):
            path = PurePosixPath(name) if "/" in name else directory / name
            directory = path.parent
            found.add(str(path))
    return found


def test_modules_on_the_page_exist() -> None:
    modules = modules_on_the_page()
    assert len(modules) > 25
    assert [each for each in sorted(modules) if not (ROOT / each).exists()] == []


def test_modules_that_cite_the_page_are_on_it() -> None:
    citing = {
        str(file.relative_to(ROOT))
        for tree in ("src", "devices")
        for file in (ROOT / tree).rglob("*.py")
        if CITATION.search(file.read_text("utf-8"))
    }
    assert len(citing) > 5
    assert "src/ska_sdp_sim/script.py" in citing, "its mark is indented"
    assert citing <= modules_on_the_page()
