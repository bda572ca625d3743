"""Descriptions of changes in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config.live.key_change import MAX_FIELDS, MAX_LENGTH, KeyChange, describe, own_time

LONG = "x" * (MAX_LENGTH + 1)

SCANS = [{"scan_id": number} for number in range(20)]


def described(before: Any, after: Any) -> str:
    old, new = (None if each is None else json.dumps(each) for each in (before, after))
    return describe(KeyChange("/k", old, new, 1))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (None, {"status": "WAITING"}, 'created {"status":"WAITING"}'),
        ({"status": "WAITING"}, None, "deleted"),
        ({"status": "WAITING", "n": 1}, {"status": "RUNNING", "n": 1}, "status WAITING → RUNNING"),
        ({}, {"scan_id": 4}, "scan_id added 4"),
        ({"scan_id": 4}, {}, "scan_id removed 4"),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, "a.b 1 → 3"),
        ({"a": {"b": 1}}, {"a": [1]}, 'a {"b": 1} → [1]'),
        ({"a": None, "b": ""}, {"a": "x", "b": "no disk"}, 'a null → x, b "" → "no disk"'),
        ({"a": True}, {"a": 1}, "a true → 1"),
        ({"a": LONG}, {"a": 1}, f"a {LONG[2:]}… → 1"),
        ([1], {"a": 1}, '[1] → {"a": 1}'),
        ({"a": None}, {"a": "null"}, 'a null → "null"'),
        ({"a": "5"}, {"a": 5}, 'a "5" → 5'),
        ({"a": True}, {"a": "true"}, 'a true → "true"'),
        ({"a": 1}, {"a": 1}, "written without a change"),
        ({"scans": SCANS}, {"scans": [*SCANS, {"id": 9}]}, 'scans added {"id": 9}'),
        ({"scans": [*SCANS, 1]}, {"scans": SCANS}, "scans removed 1"),
        (
            {"scans": [*SCANS, {"status": "A"}]},
            {"scans": [*SCANS, {"status": "B"}]},
            "scans[20].status A → B",
        ),
        ({"a": LONG}, {"a": f"{LONG}y"}, f"a {LONG[2:]}… → {LONG[2:]}…"),
        (
            {"last_updated": "2026-01-31 12:00:00", "n": 1},
            {"last_updated": "2026-01-31 12:00:01", "n": 2},
            "n 1 → 2",
        ),
        (
            {"last_updated": "2026-01-31 12:00:00"},
            {"last_updated": "2026-01-31 12:00:01"},
            'last_updated "2026-01-31 12:00:00" → "2026-01-31 12:00:01"',
        ),
    ],
)
def test_change_is_described_by_its_fields(before: Any, after: Any, text: str) -> None:
    assert described(before, after) == text


def test_many_fields_are_counted() -> None:
    before = {f"f{number}": 0 for number in range(MAX_FIELDS + 3)}
    line = described(before, dict.fromkeys(before, 1))
    assert line.endswith(", f11 0 → 1, 3 more fields")


def test_command_is_shown_first_and_never_cut() -> None:
    before: dict[str, Any] = {f"f{number:02}": 0 for number in range(MAX_FIELDS)}
    after: dict[str, Any] = dict.fromkeys(before, 1)
    before |= {"command_count": 1, "last_command": "Scan", "transaction_id": "txn-1"}
    after |= {"command_count": 2, "last_command": "Scan", "transaction_id": "txn-2"}
    line = described(before, after)
    assert line.startswith("last_command Scan, transaction_id txn-1 → txn-2, f00 0 → 1")
    assert line.endswith(", 3 more fields")
    created = described(None, {"a": LONG, "transaction_id": "txn-2", "last_command": "Scan"})
    assert created.startswith('created {"last_command":"Scan","transaction_id":"txn-2","a":"xxx')


def test_text_that_is_no_json_is_shown() -> None:
    assert describe(KeyChange("/k", "a", "{", 1)) == "a → {"
    assert describe(KeyChange("/k", None, "a\nb", 1)) == "created a\nb"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ('{"last_updated": "2026-01-31 12:00:00"}', "2026-01-31T12:00:00+00:00"),
        ('{"last_command_time": "2026-01-31T12:00:00Z"}', "2026-01-31T12:00:00+00:00"),
        (
            '{"last_command_time": "2026-01-31T12:00:00Z", "last_command_milliseconds": 250}',
            "2026-01-31T12:00:00.250000+00:00",
        ),
        ('{"last_updated": "soon"}', None),
        ("[]", None),
        (None, None),
    ],
)
def test_time_is_that_of_the_value(text: str | None, time: str | None) -> None:
    found = own_time(text)
    assert (found and found.isoformat()) == time
