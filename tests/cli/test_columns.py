"""Layout of tables with derived states."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ska_sdp_config.cli.columns import Column, layout

COLUMNS = (
    Column("KEY"),
    Column("STATUS"),
    Column("NAME", rank=1),
    Column("EB", rank=2),
    Column("REASON", is_text=True),
)
KEY, REASON = "/pb/pb-test-20260131-00000", "processing block pb-a-b-c has failed: no disk is left"


def lines(width: int, *rows: Sequence[str], headed: bool = True) -> list[str]:
    cells = [[(text, "") for text in row] for row in rows]
    return [
        "".join(text for text, _ in line) for line in layout(COLUMNS, cells, width, headed=headed)
    ]


def test_wide_screen_has_all_columns() -> None:
    assert lines(200, [KEY, "FAILED", "receive", "eb-a", REASON]) == [
        f"KEY{' ' * 25}STATUS  NAME     EB    REASON",
        f"{KEY}  FAILED  receive  eb-a  {REASON}",
    ]


def test_columns_of_the_highest_rank_are_left_out_first() -> None:
    titles = [lines(width, [KEY, "FAILED", "receive", "eb-a", REASON])[0] for width in (74, 68)]
    assert [title.split() for title in titles] == [
        ["KEY", "STATUS", "NAME", "REASON"],
        ["KEY", "STATUS", "REASON"],
    ]


@pytest.mark.parametrize("width", [20, 40, 65, 75])
def test_words_are_never_broken(width: int) -> None:
    found = lines(width, [KEY, "FAILED", "receive", "eb-a", REASON], headed=False)
    words = [word for line in found for word in line.split()]
    assert words[:2] == [KEY, "FAILED"]
    assert words[-len(REASON.split()) :] == REASON.split()


def test_text_continues_below_its_column_or_its_row() -> None:
    row = [KEY, "FAILED", "", "", REASON]
    assert lines(65, row, headed=False)[1] == f"{' ' * 36}failed: no disk is left"
    assert lines(50, row, headed=False)[1] == "    processing block pb-a-b-c has failed: no disk"


def test_lines_have_no_trailing_spaces() -> None:
    assert lines(200, [KEY, "FAILED", "", "", ""], headed=False) == [f"{KEY}  FAILED"]


def test_wide_characters_are_aligned() -> None:
    first, second = lines(200, ["日本", "A", "", "", ""], ["ab", "B", "", "", ""], headed=False)
    assert (first, second) == ("日本  A", "ab    B")
