"""`ska-sdp doctor`: findings on the stored subarrays, blocks and states."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.system_findings import MAX_FINDINGS

from .conftest import Run, fill

OWNER = {"pid": 9, "hostname": "here", "command": []}
PB = {"script": "realtime:vis-receive:1.0.0", "eb_id": "eb-a"}
EB = {"status": "ACTIVE", "pb_realtime": ["pb-a"], "pb_batch": []}
SUBARRAY = {"state_commanded": "ON", "obs_state_commanded": "IDLE", "eb_id": "eb-a"}
RUNNING = {"status": "RUNNING", "resources_available": True}
FAILED = {"status": "FAILED", "reason": "no disk is left", "last_updated": "2026-01-31 12:00:00"}

SOUND = {
    "/lmc/subarray/01": SUBARRAY,
    "/eb/eb-a": EB,
    "/eb/eb-a/state": {"status": "ACTIVE"},
    "/pb/pb-a": PB,
    "/pb/pb-a/state": RUNNING,
    "/pb/pb-a/owner": OWNER,
    "/component/lmc-controller/owner": OWNER,
}
"""An observation without a fault."""

FAULTS: list[tuple[dict[str, Any], str, str, str, str]] = [
    (
        {"/pb/pb-a/state": FAILED},
        "subarray 01",
        "fault",
        "it is in FAULT: Processing block pb-a is FAILED: no disk is left",
        "correct the cause, then ObsReset or Restart",
    ),
    (
        {"/lmc/subarray/01": {**SUBARRAY, "errors": {"subarray": "Configure timed out"}}},
        "subarray 01",
        "fault",
        "it is in FAULT: Configure timed out",
        "correct the cause, then ObsReset or Restart",
    ),
    (
        {"/lmc/subarray/01": {**SUBARRAY, "reached": "soon", "state_commanded": "OFF"}},
        "subarray 01",
        "fault",
        "it is in FAULT: The subarray's entry is corrupt: fix reached",
        "correct the cause, then send On, then Restart",
    ),
    (
        {
            "/lmc/subarray/01": {
                **SUBARRAY,
                "errors": {"subarray": "late"},
                "admin_mode": "OFFLINE",
            }
        },
        "subarray 01",
        "fault",
        "it is in FAULT: late",
        "correct the cause, then set adminMode to ONLINE, then send ObsReset or Restart",
    ),
    (
        {"/pb/pb-b": PB, "/pb/pb-b/state": FAILED},
        "pb pb-b",
        "warning",
        "it is FAILED: no disk is left",
        (
            "see 'ska-sdp describe pb pb-b' and the log of its script; end the failure with: "
            """ska-sdp update pb-state pb-b '{"status": "CANCELLED"}'"""
        ),
    ),
    (
        {"/pb/pb-b": PB, "/pb/pb-b/state": {"status": "READY"}},
        "pb pb-b",
        "warning",
        "it is READY, but no process owns it",
        "see the log of its script; if it does not start again, set the status",
    ),
    (
        {"/eb/eb-b": {"status": "ACTIVE"}},
        "eb eb-b",
        "warning",
        "it is ACTIVE in no subarray",
        "end it with 'ska-sdp end eb eb-b'",
    ),
    (
        {"/pb/pb-b": PB, "/pb/pb-b/state": {"status": "RUNING"}},
        "/pb/pb-b/state",
        "warning",
        "its status 'RUNING' is unknown",
        "correct it with 'ska-sdp edit /pb/pb-b/state'",
    ),
    (
        {"/pb/pb-b": PB, "/pb/pb-b/state": {"status": ["RUNNING"]}},
        "/pb/pb-b/state",
        "warning",
        "its status ['RUNNING'] is unknown",
        "correct it with",
    ),
    (
        {"/eb/eb-b": {"status": "PAUSED"}},
        "/eb/eb-b",
        "warning",
        "its status 'PAUSED' is unknown",
        "correct it with",
    ),
    (
        {"/flow/pb-a:tango:x/state": {"status": "FLOWIN"}},
        "/flow/pb-a:tango:x/state",
        "warning",
        "its status 'FLOWIN' is unknown",
        "correct it with",
    ),
    *(
        (
            {f"{path}/state": {}},
            f"{path}/state",
            "warning",
            f"the {kind} {path.rpartition('/')[2]} of this state does not exist",
            f"delete it with 'ska-sdp delete {path}/state'",
        )
        for kind, path in (
            ("pb", "/pb/pb-b"),
            ("eb", "/eb/eb-b"),
            ("deployment", "/deploy/proc-b"),
            ("flow", "/flow/pb-b:tango:x"),
            ("dependency", "/dependency/pb-b:tango:x:y"),
            ("resource", "/resource/storage:x"),
        )
    ),
]


def findings(ska_sdp: Run, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Run doctor; return its exit code and its findings by subject, the first of each."""
    result = ska_sdp("doctor", "-o", "json", *options)
    found: dict[str, dict[str, str]] = {}
    for each in result.document:
        found.setdefault(each["subject"], each)
    return result.code, found


def test_system_without_faults_is_counted(database: Config, ska_sdp: Run) -> None:
    fill(database, SOUND)
    code, found = findings(ska_sdp)
    assert code == 0
    assert {each["verdict"] for each in found.values()} == {"ok"}
    assert found["system"]["text"] == (
        "no fault in 1 subarrays, 1 execution blocks and 1 processing blocks"
    )


@pytest.mark.parametrize(("changes", "subject", "verdict", "text", "advice"), FAULTS)
def test_fault_of_the_system_has_a_finding(
    database: Config,
    ska_sdp: Run,
    changes: dict[str, Any],
    subject: str,
    verdict: str,
    text: str,
    advice: str,
) -> None:
    fill(database, SOUND | changes)
    code, found = findings(ska_sdp)
    assert code == (1 if verdict == "fault" else 0)
    assert found[subject]["verdict"] == verdict
    assert found[subject]["text"].startswith(text)
    assert found[subject]["advice"].startswith(advice)
    assert "system" not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"/pb/pb-b": PB},
        {"/pb/pb-b": PB, "/pb/pb-b/state": {"status": None}},
        {"/pb/pb-b": PB, "/pb/pb-b/state": {"status": "FINISHED"}},
        {"/eb/eb-b": {"status": "FINISHED"}},
        {"/lmc/subarray/02": {**SUBARRAY, "eb_id": "eb-b"}, "/eb/eb-b": {"status": "IDLE"}},
        {"/deploy/proc-b": {"kind": "helm", "args": {}}, "/deploy/proc-b/state": {"pods": {}}},
        {"/pb/pb-a/state/mine": {}},
    ],
)
def test_usual_contents_have_no_finding(
    database: Config, ska_sdp: Run, changes: dict[str, Any]
) -> None:
    fill(database, SOUND | changes)
    _, found = findings(ska_sdp)
    assert {each["verdict"] for each in found.values()} == {"ok"}


def test_accepted_failure_is_no_fault_of_the_subarray(database: Config, ska_sdp: Run) -> None:
    fill(database, SOUND)
    for txn in database.txn():
        txn.processing_block.state("pb-a").update(FAILED)
        txn.subarray("01").update({**SUBARRAY, "acknowledged": ["pb-a"]})
    code, found = findings(ska_sdp)
    assert code == 0
    assert "subarray 01" not in found
    # Nor is it one of the block, as in status.
    assert "pb pb-a" not in found


def test_failure_that_a_fault_is_about_is_found_once(database: Config, ska_sdp: Run) -> None:
    changes = {"/pb/pb-a/state": {**FAILED, "reason": "pb-ab is FAILED"}}
    fill(database, SOUND | changes | {"/pb/pb-ab": PB, "/pb/pb-ab/state": FAILED})
    _, found = findings(ska_sdp)
    assert "subarray 01" in found
    assert "pb pb-a" not in found
    assert "pb pb-ab" in found


@pytest.mark.parametrize("status", ["CANCELLED", "FINISHED"])
def test_failure_that_is_over_has_no_finding(database: Config, ska_sdp: Run, status: str) -> None:
    pb = {"script": {"kind": "realtime", "name": "x", "version": "1"}, "eb_id": "eb-b"}
    fill(database, SOUND | {"/pb/pb-b": pb, "/pb/pb-b/state": FAILED})
    fill(database, {"/eb/eb-b": {"status": status}})
    _, found = findings(ska_sdp)
    assert "pb pb-b" not in found


def test_advice_has_the_prefix(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/t/pb/pb-b": PB, "/t/pb/pb-b/state": FAILED, "/t/eb/eb-b/state": {}})
    _, found = findings(ska_sdp, "--prefix=/t")
    assert "'ska-sdp describe pb pb-b --prefix /t'" in found["pb pb-b"]["advice"]
    assert "update pb-state pb-b --prefix /t '" in found["pb pb-b"]["advice"]
    assert found["/t/eb/eb-b/state"]["advice"] == (
        "delete it with 'ska-sdp delete /t/eb/eb-b/state --prefix /t'"
    )


def test_findings_of_a_kind_are_limited_to_the_newest(database: Config, ska_sdp: Run) -> None:
    for day in range(1, 26):
        failed = {**FAILED, "last_updated": f"2026-01-{day:02} 12:00:00"}
        fill(database, {f"/pb/pb-{day:02}": PB, f"/pb/pb-{day:02}/state": failed})
        fill(database, {f"/eb/eb-{day:02}/state": {}})
    result = ska_sdp("doctor", "-o", "json")
    subjects = [each["subject"] for each in result.document]
    newest = [f"pb pb-{day:02}" for day in range(25, 25 - MAX_FINDINGS, -1)]
    assert [each for each in subjects if each.startswith("pb ")] == newest
    more = [each["text"] for each in result.document if each["subject"] == "system"]
    assert more == ["15 more processing blocks are FAILED", "15 more states are orphaned"]


def test_advised_commands_work(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/pb/pb-b": PB, "/pb/pb-b/state": RUNNING})
    fill(database, {"/eb/eb-b": {"status": "ACTIVE"}, "/deploy/proc-b/state": {}})
    assert ska_sdp("describe", "pb", "pb-b").code == 0
    assert ska_sdp("update", "pb-state", "pb-b", '{"status": "FAILED"}').code == 0
    assert ska_sdp("end", "eb", "eb-b").code == 0
    assert ska_sdp("delete", "/deploy/proc-b/state").code == 0
    _, found = findings(ska_sdp)
    assert list(found)[-1] == "pb pb-b"
    assert "eb eb-b" not in found
