"""Parsers of Scan and ReleaseResources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_lmc.messages import (
    MessageError,
    ReleaseResources,
    Resources,
    Scan,
    parse_release_resources,
    parse_scan,
)


def _text(version: str | None, /, _schema: str = "scan", **message: Any) -> str:
    if version is not None:
        message["interface"] = f"https://schema.skao.int/ska-sdp-{_schema}/{version}"
    return json.dumps(message)


@pytest.mark.parametrize("version", ["0.1", "0.2", None])
def test_scan_of_schema_02_is_accepted(version: str | None) -> None:
    assert parse_scan(_text(version, id=0), 2).message == Scan(0)


@pytest.mark.parametrize("version", ["0.3", "0.4", "0.5", "1.0", "1.2", "2.0", "2.1", None])
def test_scan_of_schema_03_is_accepted(version: str | None) -> None:
    text = _text(version, scan_id=2**63 - 1, transaction_id="txn-unit-20260301-1")
    expected = Scan(2**63 - 1, transaction_id="txn-unit-20260301-1")
    assert parse_scan(text, 2).message == expected


@pytest.mark.parametrize("version", ["2.1", None])
@pytest.mark.parametrize(
    ("start_time", "duration"),
    [
        ("2026-03-01T04:05:06Z", 60),
        ("2026-03-01T04:05:06.123456Z", 0.5),
        ("2026-02-28T23:59:59.1+00:00", 0),
        ("2024-02-29T00:00:00-00:00", 1e6),
    ],
)
def test_scan_with_times_is_accepted(
    version: str | None, start_time: str, duration: float
) -> None:
    text = _text(version, scan_id=5, start_time=start_time, duration=duration)
    message = parse_scan(text, 2).message
    assert message == Scan(5, start_time, float(duration))
    assert isinstance(message.duration, float)


def test_time_without_a_zone_is_utc() -> None:
    parsed = parse_scan(_text("2.1", scan_id=5, start_time="2026-03-01T04:05:06.5"))
    assert parsed.message.start_time == "2026-03-01T04:05:06.5Z"
    assert len(parsed.warnings) == 1
    with pytest.raises(MessageError, match=r"\$\.start_time: should end in Z"):
        parse_scan(_text("2.1", scan_id=5, start_time="2026-03-01T04:05:06.5"), 2)


def test_times_before_schema_21_are_unknown_keys() -> None:
    parsed = parse_scan(_text("1.0", scan_id=5, start_time=17, duration="long"))
    assert parsed.message == Scan(5)
    assert parsed.warnings == (
        "$.start_time: is not a key of this schema",
        "$.duration: is not a key of this schema",
    )


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({}, "$.scan_id: field required"),
        ({"scan_id": -1}, "$.scan_id: should be greater than or equal to 0, not -1"),
        ({"scan_id": 2**63}, "$.scan_id: should be less than or equal to"),
        ({"scan_id": True}, "$.scan_id: should be an integer, not true"),
        ({"scan_id": 1.0}, "$.scan_id: should be an integer, not 1.0"),
        ({"scan_id": "1"}, '$.scan_id: should be an integer, not "1"'),
        ({"scan_id": None}, "$.scan_id: should be an integer, not null"),
        ({"id": "1"}, '$.id: should be an integer, not "1"'),
        ({"scan_id": 1, "duration": -1}, "$.duration: should be greater than or equal to 0"),
        ({"scan_id": 1, "duration": "1"}, '$.duration: should be a number, not "1"'),
        ({"scan_id": 1, "start_time": "today"}, "$.start_time: should be a time in UTC like"),
        ({"scan_id": 1, "start_time": "2026-02-30T00:00:00Z"}, "$.start_time: should be a time"),
        ({"scan_id": 1, "start_time": "2026-03-01T00:00:00+02:00"}, "$.start_time: should be a"),
        ({"scan_id": 1, "start_time": 1772323506}, "$.start_time: should be a string"),
    ],
)
def test_invalid_scan_is_rejected(message: dict[str, Any], fault: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_scan(json.dumps(message), 0)
    assert str(caught.value).startswith(f"Scan: {fault}")


@pytest.mark.parametrize("version", ["0.3", "2.1"])
def test_key_of_schema_02_is_rejected_from_03_on(version: str) -> None:
    with pytest.raises(MessageError, match=r"\$\.scan_id: field required"):
        parse_scan(_text(version, id=1))


@pytest.mark.parametrize("version", [None, "0.1", "0.4", "1.1", "2.1"])
def test_release_is_accepted(version: str | None) -> None:
    given = {"receptors": ["B", "A", "B"], "csp_links": [4], "receive_nodes": 1}
    text = _text(version, "releaseres", resources=given, transaction_id="txn-u-20260301-1")
    assert parse_release_resources(text, 2).message == ReleaseResources(
        Resources((4,), ("B", "A"), 1), "txn-u-20260301-1"
    )


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({}, "$.resources: field required"),
        ({"resources": {}}, "$.resources: names nothing to release"),
        ({"resources": {"receptors": [], "csp_links": []}}, "$.resources: names nothing to"),
        ({"resources": {"stations": [1]}}, "$.resources: names nothing to release"),
        ({"resources": []}, "$.resources: should be an object, not a list"),
        ({"resources": {"receive_nodes": 0}}, "$.resources.receive_nodes: should be greater"),
        ({"resources": {"receptors": [""]}}, "$.resources.receptors[0]: should be a string that"),
        ({"resources": {"csp_links": [False]}}, "$.resources.csp_links[0]: should be an integer"),
    ],
)
@pytest.mark.parametrize("strictness", [0, 1])
def test_invalid_release_is_rejected(message: dict[str, Any], fault: str, strictness: int) -> None:
    with pytest.raises(MessageError) as caught:
        parse_release_resources(json.dumps(message), strictness)
    assert str(caught.value).startswith(f"ReleaseResources: {fault}")
