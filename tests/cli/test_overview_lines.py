"""Screen of ``ska-sdp status`` and its exit code for each status of the database."""

from __future__ import annotations

import pytest

from ska_sdp_config.cli import status
from ska_sdp_config.cli.members import Member

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
    here: Run, monkeypatch: pytest.MonkeyPatch, members: list[Member], is_failed: bool
) -> None:
    monkeypatch.setattr(status, "_read_members", lambda: members)
    result = here("status", "-o", "json")
    assert result.code == int(is_failed)
    assert result.document["is_failed"] is is_failed
    assert here("status").code == int(is_failed)
