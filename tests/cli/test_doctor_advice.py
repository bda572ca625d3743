"""Commands in the advice of ``ska-sdp doctor``, pasted as they are."""

from __future__ import annotations

import re
import shlex
import sys
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
    program.write_text(
        f"#!{sys.executable}\nimport shutil, sys\nshutil.copyfile({str(file)!r}, sys.argv[-1])\n"
    )
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
def test_advice_on_an_abandoned_block_works_when_pasted(
    database: Config, ska_sdp: Run, editor: Path, prefix: str
) -> None:
    fill(
        database,
        {f"{prefix}/pb/pb-x": PB, f"{prefix}/pb/pb-x/state": {"status": "RUNNING"}},
    )
    editor.write_text(encode(STATE))
    [command] = re.findall(r"set the status with '(.*)'$", advice(ska_sdp, "pb pb-x", prefix))
    paste(ska_sdp, command)
    assert not advice(ska_sdp, "pb pb-x", prefix)


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
