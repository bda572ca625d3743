"""Recordings of real faults: the derivation shows what the devices published.

``tests/devices/record_faults.py`` has written them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

RECORDINGS = Path(__file__).parents[1] / "recordings"

TIMEOUT = (
    "AssignResources of 2026-11-29T17:47:21.213Z was not resourced within 1 s: "
    "pb-test-20260131-00000 is WAITING without its resources"
)
CORRUPT = (
    "The subarray's entry is corrupt: fix last_command_time, or send Restart (after On, if State "
    "is OFF)."
)
FAILED = "Processing block pb-test-20260131-00000 is FAILED: no disk is left"
FAILED_TODAY = "Processing block pb-today-20260131-00000 is FAILED: no disk is left"
NO_OBJECT = "/lmc/subarray/01 holds no JSON object"
OFFLINE = "Component helmdeploy is OFFLINE"
# The entry of the SDP deployed today has no settings: all components are required.
BOTH = f"Component proccontrol is OFFLINE; {OFFLINE}"

SHOWN: dict[str, list[tuple[str, ...]]] = {
    "block-fails": [
        ("EMPTY", "OK"),
        ("RESOURCING", "OK"),
        ("IDLE", "OK"),
        ("READY", "OK"),
        ("SCANNING", "OK"),
        ("FAULT", "DEGRADED", FAILED),
        ("IDLE", "DEGRADED", FAILED),
        ("EMPTY", "OK"),
    ],
    "assignment-times-out": [
        ("EMPTY", "OK"),
        ("RESOURCING", "OK"),
        ("FAULT", "DEGRADED", TIMEOUT),
        ("EMPTY", "OK"),
    ],
    "component-is-lost": [
        ("EMPTY", "DEGRADED", OFFLINE),
        ("EMPTY", "OK"),
        ("RESOURCING", "OK"),
        ("IDLE", "OK"),
        ("IDLE", "DEGRADED", OFFLINE),
        ("IDLE", "OK"),
        ("CONFIGURING", "OK"),
        ("READY", "OK"),
        ("READY", "DEGRADED", OFFLINE),
    ],
    "entry-is-damaged": [
        ("EMPTY", "OK"),
        ("RESOURCING", "OK"),
        ("IDLE", "OK"),
        ("FAULT", "DEGRADED", CORRUPT),
        ("EMPTY", "OK"),
        ("EMPTY", "DEGRADED", NO_OBJECT),
    ],
    "scan-is-aborted": [
        ("EMPTY", "OK"),
        ("RESOURCING", "OK"),
        ("IDLE", "OK"),
        ("READY", "OK"),
        ("SCANNING", "OK"),
        ("ABORTED", "OK"),
        ("EMPTY", "OK"),
    ],
    "scan-is-taken-over": [
        ("SCANNING", "DEGRADED", BOTH),
        ("FAULT", "DEGRADED", f"{FAILED_TODAY}; {BOTH}"),
        ("IDLE", "DEGRADED", FAILED_TODAY),
        ("EMPTY", "OK"),
    ],
}
"""obsState, healthState and reason of subarray 01, by recording."""


def test_every_recording_is_replayed() -> None:
    assert {file.stem for file in RECORDINGS.iterdir()} == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_replay_prints_the_values_that_the_device_published(parse: Run, name: str) -> None:
    result = parse("replay", str(RECORDINGS / f"{name}.jsonl"), "-o", "json")
    assert (result.code, result.err) == (0, "")
    documents = [json.loads(line) for line in result.lines]
    assert [tuple(each["new"].values()) for each in documents] == SHOWN[name]
    assert {each["path"] for each in documents} == {"/lmc/subarray/01"}
    assert [each["old"] for each in documents[1:]] == [each["new"] for each in documents[:-1]]
    revisions = [each["revision"] for each in documents]
    assert revisions == sorted(set(revisions))


def test_replay_prints_changes_in_lines(parse: Run) -> None:
    lines = parse("replay", str(RECORDINGS / "scan-is-aborted.jsonl")).lines
    assert lines[0] == '/lmc/subarray/01 = {"obsState":"EMPTY","healthState":"OK"}'
    assert lines[-1].endswith("Z /lmc/subarray/01 obsState ABORTED → EMPTY")


def test_replay_takes_the_prefix_from_the_recording(parse: Run, tmp_path: Path) -> None:
    stamp = {"revision": 9, "time": "2026-11-29T18:00:00.000Z"}
    texts = {"/t/lmc/subarray/01": "{}"}
    lines = [{"format": 1, **stamp, "prefix": "/t", "keys": 1}, {**stamp, "snapshot": texts}]
    file = tmp_path / "file"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = parse("replay", str(file))
    assert [line.partition(" ")[0] for line in result.lines] == ["/t/lmc/subarray/01"]


def test_replay_continues_after_a_gap(parse: Run, tmp_path: Path) -> None:
    whole = (RECORDINGS / "scan-is-aborted.jsonl").read_bytes().splitlines(keepends=True)
    snapshot = json.loads(whole[1])["snapshot"]
    scanning = json.loads(snapshot["/lmc/subarray/01"]) | {"obs_state_commanded": "IDLE"}
    texts = snapshot | {"/lmc/subarray/01": json.dumps(scanning)}
    stamp = {"revision": 900, "time": "2026-11-29T18:00:00.000Z"}
    gap = [stamp | {"gap": 8, "keys": len(texts)}, stamp | {"snapshot": texts}]
    file = tmp_path / "file"
    file.write_bytes(b"".join(whole[:2]) + "".join(f"{json.dumps(x)}\n" for x in gap).encode())
    result = parse("replay", str(file))
    assert result.lines[-1] == "2026-11-29T18:00:00.000Z /lmc/subarray/01 obsState EMPTY → IDLE"
    assert result.err == "ska-sdp: Changes from revision 9 to 900 are missing.\n"


@pytest.mark.parametrize("length", [0, 30, 100])
def test_replay_without_a_complete_snapshot_is_rejected(
    parse: Run, tmp_path: Path, length: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes((RECORDINGS / "scan-is-aborted.jsonl").read_bytes()[:length])
    result = parse("replay", str(file))
    assert (result.code, result.out) == (1, "")
    assert f"{file} has no complete snapshot: " in result.err


def test_replay_names_a_restore(parse: Run, tmp_path: Path) -> None:
    stamp = '"time": "2026-11-29T18:00:00.000Z", "keys": 0'
    file = tmp_path / "file"
    file.write_text(
        f'{{"format": 1, "revision": 17, {stamp}}}\n{{"gap": 17, "revision": 11, {stamp}}}\n'
    )
    assert parse("replay", str(file)).err == (
        "ska-sdp: The database was replaced after revision 17; the recording continues at its "
        "revision 11.\n"
    )


def test_replay_of_another_file_is_rejected(parse: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no recording\n")
    result = parse("replay", str(file))
    assert (result.code, result.out) == (1, "")
    assert f"{file} is no recording: its first line is not {{" in result.err
    assert parse("replay", str(tmp_path / "none")).code == 1
