"""``ska-sdp status``, and the screens that show a FAULT, on etcd."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pexpect
import pytest
from docs.generate.terminal import Program

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.fault_scene import (
    DEPLOYMENT,
    EB,
    FAILED,
    IDLE,
    REASON,
    WAITING,
    WAY_OUT,
    fault_scene,
    fault_scene_with,
)

from .conftest import PROGRAM, Run, environment, fill
from .pseudo_terminal import COLOURS, run_here_in_terminal, without_size

STYLE = re.compile(r"\x1b\[[0-9;]*m")
SCREENS = {
    "status": WAY_OUT,
    "list subarray": WAY_OUT,
    "describe subarray 01": WAY_OUT,
    "list pb": WAY_OUT,
    f"describe pb {FAILED}": WAY_OUT,
    "doctor": WAY_OUT.removeprefix("→ "),
}
"""Screens that show a FAULT, and the way out as each of them writes it."""

HEIGHT = 24


def screen_of(server: Etcd, line: str, columns: int, **variables: str) -> str:
    """Return what a command prints to a terminal of 24 lines, in this process."""
    size = {"COLUMNS": str(columns), "LINES": str(HEIGHT)}
    return run_here_in_terminal(server, shlex.split(line), COLOURS | size | variables)[1]


def screen_of_process(server: Etcd, line: str, columns: int) -> str:
    """Return what a command prints to a terminal of 24 lines, whose size it detects."""
    env = without_size(environment(server, COLOURS))
    with Program([*PROGRAM, line], env, size=(HEIGHT, columns), timeout=120) as terminal:
        terminal.screen.expect(pexpect.EOF)
        return str(terminal.screen.before).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(("line", "way_out"), SCREENS.items())
def test_every_screen_names_the_fault_its_reason_and_the_way_out(
    database: Config, etcd: Etcd, line: str, way_out: str, columns: int
) -> None:
    fill(database, fault_scene())
    screen = screen_of(etcd, line, columns)
    assert "\x1b[1;31m" in screen
    lines = STYLE.sub("", screen).splitlines()
    assert max(map(len, lines)) <= columns
    # The last lines are those that remain on the screen; texts wrap between words.
    remaining = " ".join("\n".join(lines[1 - HEIGHT :]).split())
    for expected in ("FAULT", FAILED, "FAILED", REASON, way_out):
        assert expected in remaining


def test_status_fits_a_terminal_of_80_columns_and_24_lines(database: Config, etcd: Etcd) -> None:
    fill(database, fault_scene())
    lines = STYLE.sub("", screen_of_process(etcd, "status", 80)).splitlines()
    assert len(lines) < HEIGHT
    rows = [line.split() for line in lines]
    assert ["CONTROLLER", "ON,", "health", "OK"] in rows
    assert ["02", "ON", "EMPTY", "1h00m", "0/0", "-", "OK", "-"] in rows
    (row,) = [each for each in rows if each[:1] == ["01"]]
    assert row[1:3] + row[4:] == ["ON", "FAULT", "1/2", "-", "DEGRADED", EB]
    assert ["PROCESSING", "BLOCKS", "FAILED", "1", "WAITING", "1"] in rows
    assert any(each[:2] == [WAITING, "WAITING"] for each in rows)
    assert any(each[:2] == [DEPLOYMENT, "PENDING:"] for each in rows)
    commands = [each[1:] for each in rows if each[-1:] and each[-1].startswith("txn-")]
    assert commands == [
        ["subarray", "01", "AssignResources", "txn-test-20260131-00002"],
        ["subarray", "02", "On", "txn-test-20260131-00000"],
        ["controller", "On", "txn-test-20260131-00000"],
    ]


def test_status_uses_the_width_of_the_terminal(database: Config, etcd: Etcd) -> None:
    fill(database, fault_scene())
    lines = STYLE.sub("", screen_of_process(etcd, "status", 200)).splitlines()
    assert 80 < max(map(len, lines)) <= 200


def test_no_color_leaves_the_words(database: Config, etcd: Etcd) -> None:
    fill(database, fault_scene())
    screen = screen_of(etcd, "status", 80, NO_COLOR="1")
    assert "\x1b[3" not in screen
    assert "1;31" not in screen
    assert "FAULT" in screen


@pytest.mark.parametrize("line", ["status", "list pb", "describe subarray 01", "list subarray"])
def test_reason_cannot_control_the_terminal(database: Config, etcd: Etcd, line: str) -> None:
    scene = fault_scene()
    scene[f"/pb/{FAILED}/state"]["reason"] = "\x1b[2J\u202eevil"
    fill(database, scene)
    screen = screen_of(etcd, line, 200)
    assert "\x1b[2J" not in screen
    assert "\u202e" not in screen
    assert "\\u001b[2J\\u202eevil" in screen


def test_json_has_everything(database: Config, ska_sdp: Run) -> None:
    fill(database, fault_scene())
    result = ska_sdp("status", "-o", "json")
    assert (result.code, result.err) == (1, "")
    document = result.document
    assert document["is_failed"] is True
    online = {"state": "ON", "health": "OK", "faults": [], "is_online": True}
    assert document["controller"] == online
    assert [each["fault"] for each in document["database"]["members"]] == [""]
    assert document["database"]["latency_ms"] > 0
    first, second = document["subarrays"]
    assert (first["obs_state"], first["health"], first["eb_id"]) == ("FAULT", "DEGRADED", EB)
    (fault,) = first["faults"]
    assert fault["text"] == f"Processing block {FAILED} is FAILED: {REASON}"
    assert (fault["about"], fault["commands"]) == (f"/pb/{FAILED}", ["ObsReset", "Restart"])
    assert fault["way_out"] == "ObsReset or Restart"
    assert fault["since"] == first["since"]
    assert (second["obs_state"], second["faults"]) == ("EMPTY", [])
    assert document["processing_blocks"]["counts"] == {"FAILED": 1, "WAITING": 1}
    (failed,) = document["processing_blocks"]["failed"]
    # The fault of the subarray has the way out.
    assert (failed["id"], failed["reason"], failed["way_out"]) == (FAILED, REASON, "")
    (waiting,) = document["processing_blocks"]["waiting"]
    assert waiting["id"] == WAITING
    assert waiting.keys() == failed.keys()
    assert document["deployments"]["counts"] == {"PENDING": 1}
    assert len(document["commands"]) == 3


def test_status_prints_plain_text_to_a_pipe(database: Config, ska_sdp: Run) -> None:
    fill(database, fault_scene())
    for options in ([], ["-o", "table"]):
        out = ska_sdp("status", *options).out
        assert f"{FAILED} is FAILED: {REASON}" in out
        assert "\x1b" not in out
    assert ska_sdp("status", "-o", "name").lines == ["01", "02"]


FREED: dict[str, dict[str, Any]] = {
    "/lmc/subarray/01": {"eb_id": None, "obs_state_commanded": "EMPTY", "reached": True}
}
ENDED: dict[str, Any] = {f"/eb/{EB}": {"status": "FINISHED"}}
CANCELLED: dict[str, Any] = {f"/eb/{EB}": {"status": "CANCELLED"}}
BATCH_FAILED: dict[str, Any] = {f"/pb/{WAITING}/state": {"status": "FAILED"}}
BROKEN: dict[str, Any] = {"status": "FAILED", "reason": REASON}
DEPLOYMENT_FAILED: dict[str, Any] = {f"/deploy/{DEPLOYMENT}/state": {"pods": {"a": "FAILED"}}}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({}, 1, id="FAULT"),
        pytest.param(IDLE, 0, id="after ObsReset"),
        pytest.param(FREED | CANCELLED, 0, id="after Restart"),
        pytest.param(FREED | ENDED, 0, id="after End"),
        pytest.param(FREED | ENDED | BATCH_FAILED, 1, id="failed batch block"),
        pytest.param(FREED | CANCELLED | BATCH_FAILED, 0, id="failed block, then Restart"),
        pytest.param(IDLE | DEPLOYMENT_FAILED, 1, id="failed deployment"),
    ],
)
def test_exit_code_is_1_while_a_failure_is_open(
    database: Config, ska_sdp: Run, changes: dict[str, dict[str, Any]], code: int
) -> None:
    fill(database, fault_scene_with(changes))
    assert ska_sdp("status").code == code


def test_failed_block_alone_is_an_open_failure(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/pb/pb-a": "not JSON", "/pb/pb-a/state": {"status": "FAILED"}})
    result = ska_sdp("status")
    assert result.code == 1
    assert "pb-a FAILED: it gave no reason" in result.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    ("scene", "failed"),
    [
        pytest.param(
            fault_scene_with(FREED | ENDED | BATCH_FAILED), WAITING, id="block of a FINISHED one"
        ),
        pytest.param(
            {"/pb/pb-a": {"eb_id": None}, "/pb/pb-a/state": {"status": "FAILED"}},
            "pb-a",
            id="block without execution block",
        ),
        pytest.param(
            {**fault_scene_with(IDLE), "/pb/pb-a": {"eb_id": EB}, "/pb/pb-a/state": BROKEN},
            "pb-a",
            id="block that its linked execution block does not list",
        ),
        pytest.param(fault_scene_with(IDLE | DEPLOYMENT_FAILED), DEPLOYMENT, id="deployment"),
    ],
)
def test_command_after_the_arrow_ends_an_open_failure(
    database: Config, etcd: Etcd, ska_sdp: Run, scene: dict[str, Any], failed: str, columns: int
) -> None:
    fill(database, {f"/t{path}": value for path, value in scene.items()})
    assert ska_sdp("status", "--prefix=/t").code == 1
    lines = STYLE.sub("", screen_of(etcd, "status --prefix=/t", columns)).splitlines()
    assert max(map(len, lines)) <= columns
    (at,) = [at for at, line in enumerate(lines) if line.lstrip().startswith("→ ska-sdp ")]
    assert failed in lines[at]
    last = next(
        number
        for number in range(at + 1, len(lines))
        if lines[number][:6].strip() or not lines[number]
    )
    _, _, *words = shlex.split(" ".join(lines[at:last]))
    assert ska_sdp(*words, "-y", "-q").code == 0
    assert ska_sdp("status", "--prefix=/t").code == 0


@pytest.mark.parametrize("reason", ["pb-a is FAILED too", f"see {FAILED}0"])
def test_reason_that_names_another_failed_block_does_not_hide_it(
    database: Config, ska_sdp: Run, reason: str
) -> None:
    failed = {"status": "FAILED", "reason": "its disk is full"}
    changes = {f"/pb/{FAILED}/state": {"reason": reason}}
    fill(database, {**fault_scene_with(changes), "/pb/pb-a": {}, "/pb/pb-a/state": failed})
    fill(database, {f"/pb/{FAILED}0": {}, f"/pb/{FAILED}0/state": failed})
    out = " ".join(ska_sdp("status").out.split())
    for pb_id in ("pb-a", f"{FAILED}0"):
        assert f"{pb_id} FAILED: its disk is full → ska-sdp update pb-state {pb_id} " in out
    assert f"update pb-state {FAILED} " not in out


def test_damaged_entries_are_faults(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/lmc/subarray/01": "not JSON", "/lmc/controller": "[]", "/pb/pb-a": "x"})
    for line in (["status"], ["list", "subarray", "-o", "table"]):
        result = ska_sdp(*line)
        assert result.code == 0
        assert "/lmc/subarray/01 holds no JSON object" in result.out
    faults = ska_sdp("status", "-o", "json").document["controller"]["faults"]
    texts = [each["text"] for each in faults]
    for path in ("/lmc/controller", "/lmc/subarray/01", "/pb/pb-a"):
        assert f"{path} holds no JSON object" in texts
    assert ska_sdp("list", "pb", "-o", "table").lines[1].split()[:2] == ["/pb/pb-a", "STARTING"]


def test_empty_database_has_missing_components_and_exit_code_0(
    database: Config, ska_sdp: Run
) -> None:
    result = ska_sdp("status")
    assert result.code == 0
    assert "MISSING     proccontrol, helmdeploy, lmc-controller" in result.out
    assert "There are no subarrays." in result.out


def test_missing_components_are_named_once(database: Config, etcd: Etcd) -> None:
    names = ("proccontrol", "helmdeploy", "lmc-controller", "lmc-subarray-01", "lmc-subarray-02")
    gone = {f"/component/{name}/owner" for name in names}
    fill(database, {path: each for path, each in fault_scene().items() if path not in gone})
    lines = STYLE.sub("", screen_of(etcd, "status", 80)).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("MISSING"))
    assert lines[at + 1].startswith("    lmc-subarray-")
    text = "\n".join(lines)
    assert [text.count(name) for name in names] == [1] * len(names)
    # The controller's and each subarray's health has its reason.
    assert text.count("    Components are OFFLINE: see MISSING\n") == 3


def test_one_missing_component_is_singular(database: Config, ska_sdp: Run) -> None:
    gone = "/component/proccontrol/owner"
    fill(database, {path: each for path, each in fault_scene().items() if path != gone})
    text = ska_sdp("status").out
    assert "A component is OFFLINE: see MISSING\n" in text
    assert "Components are" not in text


def test_status_reads_only_its_prefix(database: Config, ska_sdp: Run) -> None:
    fill(database, {f"/t{path}": value for path, value in fault_scene().items()})
    assert ska_sdp("status").code == 0
    document = ska_sdp("status", "--prefix=/t", "-o", "json").document
    assert document["subarrays"][0]["obs_state"] == "FAULT"
    assert document["processing_blocks"]["failed"][0]["id"] == FAILED


def test_invalid_usage_has_exit_code_2(ska_sdp: Run) -> None:
    assert ska_sdp("status", "--wach").code == 2
    assert ska_sdp("status", "01").code == 2


def test_unreachable_database_has_exit_code_5(ska_sdp: Run) -> None:
    for arguments in ([], ["--watch"]):
        result = ska_sdp(
            "status", *arguments, env={"SDP_CONFIG_PORT": "1", "SDP_CONFIG_TIMEOUT": "2"}
        )
        assert (result.code, result.out) == (5, "")
