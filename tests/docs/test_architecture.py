"""Files named in the maintainers' pages exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.page import ROOT

PAGES = ("docs/explanation/architecture.md", "docs/explanation/tango.md", "CONTRIBUTING.md")
_PATH = re.compile(r"`((?:src|devices|tests|docs|charts|requirements|release|\.ci)/[\w./-]+)`")


@pytest.mark.parametrize("page", [page for page in PAGES if (ROOT / page).exists()])
def test_page_names_files_that_exist(page: str) -> None:
    named = set(_PATH.findall((ROOT / page).read_text()))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_way_of_a_command_names_at_most_eight_files() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text()
    way = text.partition("## The way of a command")[2].partition("\n## ")[0]
    named = list(dict.fromkeys(_PATH.findall(way)))
    assert "devices/ska_sdp_lmc/runtime/command_runner.py" in named
    assert len(named) <= 8
