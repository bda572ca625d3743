"""Samples of the tutorials paste into an interactive Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import environment
from tests.docs.page import ROOT, blocks_of
from tests.docs.repl import SYNTAX_ERROR, Repl

TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.fixture
def repl(clone: Path) -> Iterator[Repl]:
    """Return an interactive Python without a stack, where every device command fails."""
    repl = Repl(clone, environment())
    yield repl
    repl.close()


def test_repl_reports_a_statement_that_directly_follows_an_indented_block(repl: Repl) -> None:
    assert SYNTAX_ERROR.search(repl.paste("for n in (1, 2):\n    print(n)\nprint(3)"))
    assert repl.run("for n in (1, 2):\n    print(n)\n\nprint(3)", "sample") == "1\n2\n3\n"


def test_repl_reports_an_error(repl: Repl) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        repl.run("1 / 0", "sample")


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_tutorial_samples_paste_into_an_interactive_python(page: Path, repl: Repl) -> None:
    for block in blocks_of(page):
        if block.kind == "python":
            printed = repl.paste(block.text)
            error = SYNTAX_ERROR.search(printed)
            assert not error, f"{page.name}:{block.line}\n{printed}"
