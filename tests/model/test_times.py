"""Stored formats of times."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ska_sdp_config.lmc.times import age_text, command_time, last_updated, read_time


def test_command_time_is_utc_in_whole_seconds() -> None:
    zone = timezone(timedelta(hours=1))
    assert command_time(datetime(2026, 2, 1, 1, 12, 37, 9000, zone)) == "2026-02-01T00:12:37+00:00"


def test_last_updated_is_utc_in_seconds() -> None:
    zone = timezone(timedelta(hours=2))
    assert last_updated(datetime(2026, 2, 1, 1, 12, 37, 9000, zone)) == "2026-01-31 23:12:37"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-31 23:12:37", datetime(2026, 1, 31, 23, 12, 37, tzinfo=timezone.utc)),
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        ("yesterday", None),
        (["2026-01-31 23:12:37"], None),
        (1e300, None),
        (None, None),
    ],
)
def test_stored_time_is_parsed_or_none(value: object, expected: datetime | None) -> None:
    assert read_time(value) == expected


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "0s"),
        (timedelta(seconds=59.9), "59s"),
        (timedelta(seconds=60), "1m00s"),
        (timedelta(hours=3, minutes=20, seconds=59), "3h20m"),
        (timedelta(days=2, hours=4), "2d04h"),
        (timedelta(days=90, hours=4), "90d"),
    ],
    ids=str,
)
def test_age_has_two_units_at_most(age: timedelta, text: str) -> None:
    now = datetime(2026, 1, 31, tzinfo=timezone.utc)
    assert age_text(now - age, now) == text


def test_unknown_age_is_empty() -> None:
    assert age_text(None, datetime(2026, 1, 31, tzinfo=timezone.utc)) == ""
