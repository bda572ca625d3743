"""Commands in the advice of ``ska-sdp doctor``, pasted as they are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode

from .conftest import Run, fill

SCRIPT = {"kind": "batch", "name": "x", "version": "1.0.0"}
PB = {"pb_id": "pb-x", "script": SCRIPT, "parameters": {}, "dependencies": []}
EB = {"eb_id": "eb-x", "status": "FINISHED"}
DEPLOYMENT = {"dpl_id": "proc-x", "kind": "helm", "args": {}}
STATE = {"status": "FINISHED"}

ODD = "pb-x;touch 'x'$(y)"
"""ID that a shell takes apart if it is not quoted, and that is not valid."""

FAULTS: list[tuple[str, Any, Any]] = [
    ("/pb/pb-x", "not JSON", PB),
    ("/pb/pb-x", {"script": 5}, PB),
    ("/pb/pb-x/state", {"status": "RUNING"}, STATE),
    ("/eb/eb-x", "not JSON", EB),
    ("/eb/eb-x", "[]", EB),
    ("/eb/eb-x", {"status": "PAUSED"}, EB),
    ("/deploy/proc-x", "not JSON", DEPLOYMENT),
    ("/deploy/proc-x", '"\\ud800"', DEPLOYMENT),
    ("/lmc/subarray/01", "not JSON", {}),
    ("/lmc/subarray/$(01) '", "not JSON", {}),
]
"""Path of a value, the value, and a correct one."""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File whose contents the editor writes."""
    file, program = tmp_path / "text", tmp_path / "editor"
    program.write_text(f'#!/bin/sh\ncat {shlex.quote(str(file))} >"$1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(program))
    monkeypatch.delenv("VISUAL", raising=False)
    return file


def advice(ska_sdp: Run, path: str, prefix: str) -> str:
    """Return the advice on a path, empty without one."""
    options = ["--prefix", prefix] if prefix else []
    found = ska_sdp("doctor", "-o", "json", *options).document
    return next((str(each["advice"]) for each in found if each["subject"] == path), "")


def paste(ska_sdp: Run, command: str) -> None:
    """Run a command line as a shell does."""
    program, *words = shlex.split(command)
    assert program == "ska-sdp"
    result = ska_sdp(*words)
    assert result.code == 0, result.err


@pytest.mark.parametrize("prefix", ["", "/t"])
@pytest.mark.parametrize(("path", "stored", "corrected"), FAULTS)
def test_advice_to_edit_works_when_pasted(
    database: Config,
    ska_sdp: Run,
    editor: Path,
    prefix: str,
    path: str,
    stored: Any,
    corrected: Any,
) -> None:
    whole = f"{prefix}{path}"
    owner = {f"{prefix}/pb/pb-x": PB} if path == "/pb/pb-x/state" else {}
    fill(database, {whole: stored} | owner)
    editor.write_text(encode(corrected))
    [command] = re.findall(
        r"correct it with '(ska-sdp .*?)'(?:, or| if)", advice(ska_sdp, whole, prefix)
    )
    assert command.endswith(f" --prefix {prefix}" if prefix else "")
    paste(ska_sdp, command)
    assert not advice(ska_sdp, whole, prefix)


@pytest.mark.parametrize("prefix", ["", "/t"])
@pytest.mark.parametrize(
    ("path", "stored"),
    [("/pb/pb-x", "not JSON"), ("/lmc/subarray/$(01) '", "not JSON"), ("/eb/eb-x/state", {})],
)
def test_advice_to_delete_works_when_pasted(
    database: Config, ska_sdp: Run, prefix: str, path: str, stored: Any
) -> None:
    whole = f"{prefix}{path}"
    fill(database, {whole: stored})
    [command] = re.findall(r"delete it with '(ska-sdp .*)'$", advice(ska_sdp, whole, prefix))
    paste(ska_sdp, command)
    assert not advice(ska_sdp, whole, prefix)


@pytest.mark.parametrize("prefix", ["", "/t"])
@pytest.mark.parametrize("pb_id", ["pb-x", ODD])
def test_advice_on_an_abandoned_block_works_when_pasted(
    database: Config, ska_sdp: Run, editor: Path, prefix: str, pb_id: str
) -> None:
    root, subject = f"{prefix}/pb/{pb_id}", f"pb {pb_id}"
    fill(database, {root: PB, f"{root}/state": {"status": "RUNNING"}})
    editor.write_text(encode(STATE))
    [command] = re.findall(r"set the status with '(.*)'$", advice(ska_sdp, subject, prefix))
    paste(ska_sdp, command)
    assert not advice(ska_sdp, subject, prefix)


@pytest.mark.parametrize("status", ["FAILED", "RUNNING"])
def test_state_of_a_block_that_does_not_exist_has_only_the_advice_to_delete_it(
    database: Config, ska_sdp: Run, status: str
) -> None:
    fill(database, {"/pb/pb-gone/state": {"status": status}})
    found = ska_sdp("doctor", "-o", "json").document
    advised = {each["subject"]: each["advice"] for each in found if each["advice"]}
    command = "ska-sdp delete /pb/pb-gone/state"
    assert {key: text for key, text in advised.items() if "pb-gone" in key} == {
        "/pb/pb-gone/state": f"delete it with '{command}'"
    }


@pytest.mark.parametrize("prefix", ["", "/t", "/t;x y"])
@pytest.mark.parametrize("pb_id", ["pb-x", ODD, "-f"])
def test_advice_on_a_failed_block_works_when_pasted(
    database: Config, ska_sdp: Run, prefix: str, pb_id: str
) -> None:
    root = f"{prefix}/pb/{pb_id}"
    fill(database, {root: PB, f"{root}/state": {"status": "FAILED"}})
    [(see, end)] = re.findall(
        r"see '(.*)' and the log of its script; end the failure with: (.*)$",
        advice(ska_sdp, f"pb {pb_id}", prefix),
    )
    paste(ska_sdp, see)
    options = ["--prefix", prefix] if prefix else []
    status = ska_sdp("status", "-o", "json", *options).document
    assert [each["way_out"] for each in status["processing_blocks"]["failed"]] == [end]
    paste(ska_sdp, end)
    assert not advice(ska_sdp, f"pb {pb_id}", prefix)


@pytest.mark.parametrize("deployment_id", ["proc-x", ODD])
def test_advice_of_status_on_a_failed_deployment_works_when_pasted(
    database: Config, ska_sdp: Run, deployment_id: str
) -> None:
    root = f"/deploy/{deployment_id}"
    fill(database, {root: DEPLOYMENT, f"{root}/state": {"pods": {"a": "FAILED"}}})
    [failed] = ska_sdp("status", "-o", "json").document["deployments"]["failed"]
    paste(ska_sdp, failed["way_out"])
    assert not ska_sdp("status", "-o", "json").document["deployments"]["failed"]


@pytest.mark.parametrize("eb_id", ["eb-x", ODD])
def test_advice_on_an_unlinked_block_works_when_pasted(
    database: Config, ska_sdp: Run, editor: Path, eb_id: str
) -> None:
    block = {**EB, "eb_id": eb_id}
    fill(database, {f"/eb/{eb_id}": {**block, "status": "ACTIVE"}})
    editor.write_text(encode(block))
    [command] = re.findall(r"end it with '(.*)'$", advice(ska_sdp, f"eb {eb_id}", ""))
    paste(ska_sdp, command)
    assert not advice(ska_sdp, f"eb {eb_id}", "")


@pytest.mark.parametrize("prefix", ["", "/t"])
@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("/eb/eb-x", "not JSON"),
        ("/eb/eb-x", "[]"),
        ("/eb/eb-x/state", "not JSON"),
        ("/eb/eb-x/state", "[]"),
    ],
)
def test_advice_of_end_works_when_pasted(
    database: Config, ska_sdp: Run, editor: Path, prefix: str, path: str, stored: str
) -> None:
    active = {**EB, "status": "ACTIVE"}
    fill(database, {f"{prefix}/eb/eb-x": active} | {f"{prefix}{path}": stored})
    editor.write_text(encode(active))
    end = ["end", "eb", "eb-x", *(["--prefix", prefix] if prefix else [])]
    [command] = re.findall(r"correct it with '(.*)'\.$", ska_sdp(*end).err.strip())
    paste(ska_sdp, command)
    assert ska_sdp(*end).code == 0
