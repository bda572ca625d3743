"""Screen of ``ska-sdp status`` and its exit code for each status of the database."""

from __future__ import annotations

import pytest

from ska_sdp_config.cli import status
from ska_sdp_config.cli.columns import Line, packed
from ska_sdp_config.cli.members import Member
from ska_sdp_config.cli.tables import _cropped

from .conftest import Run

SOUND = Member("127.0.0.1:2379")


@pytest.mark.parametrize(
    ("members", "is_failed"),
    [
        ([SOUND], False),
        ([SOUND, Member("other:2379", fault="refused", is_unreachable=True)], False),
        ([Member("127.0.0.1:2379", alarms=("NOSPACE",))], True),
        ([Member("127.0.0.1:2379", alarms=("CORRUPT",))], True),
        ([SOUND, Member("other:2379", has_leader=False)], True),
    ],
    ids=["sound", "one of two", "NOSPACE", "CORRUPT", "no leader"],
)
@pytest.mark.usefixtures("database")
def test_database_without_writes_is_a_failure(
    ska_sdp: Run, monkeypatch: pytest.MonkeyPatch, members: list[Member], is_failed: bool
) -> None:
    monkeypatch.setattr(status, "_read_members", lambda: members)
    result = ska_sdp("status", "-o", "json")
    assert result.code == int(is_failed)
    assert result.document["is_failed"] is is_failed
    assert ska_sdp("status").code == int(is_failed)


HOST = f"{'etcd-of-the-science-data-processor.' * 2}example.org:2379"


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_long_lines_end_at_their_gaps(width: int) -> None:
    parts: list[Line] = [[(part, "")] for part in ("DATABASE    OK", HOST, "1 ms", "revision 7")]
    statuses = [
        *("FINISHED", "FAILED", "WAITING", "STARTING", "RUNNING", "READY"),
        "UNSET",
        "ENDED",
    ]
    counts: list[Line] = [[(status, "red"), (" 10000", "")] for status in statuses]
    for groups, gap in ((parts, ", "), (counts, "  ")):
        lines = [text_of(line) for line in packed(groups, width, gap)]
        assert (len(lines) == 1) is (width == 200)
        longest = max(len(text_of(group)) for group in groups)
        assert all(len(line) <= max(width, longest + 5) for line in lines)
        assert " ".join(" ".join(lines).split()) == " ".join(
            gap.join(map(text_of, groups)).split()
        )


def test_cropped_screen_counts_the_rows_of_long_lines() -> None:
    lines: list[Line] = [[("x" * 25, "")], [("y", "")], [], [("z", "")]]
    assert _cropped(lines, 10, 6) == lines
    assert [text_of(line) for line in _cropped(lines, 10, 5)] == [
        "x" * 25,
        "y",
        "… 2 more lines",
    ]
