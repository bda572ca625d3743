"""Pages cite only what their readers have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.page import ROOT, pages

_UNAVAILABLE = re.compile(r"\bspec \d|\bthe seed\b|\bdesign/|\bshared/design", re.IGNORECASE)
_OTHERS = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile")]


@pytest.mark.parametrize(
    "page", [*pages(), *_OTHERS], ids=lambda page: str(page.relative_to(ROOT))
)
def test_page_cites_no_unavailable_document(page: Path) -> None:
    assert _UNAVAILABLE.findall(page.read_text()) == []
