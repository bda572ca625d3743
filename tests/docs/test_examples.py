"""Examples run as programs on real servers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_lmc.messages import parse_assign_resources
from tests.docs.conftest import Environment
from tests.docs.page import ROOT
from tests.support.waiting import wait_until

EXAMPLES = ROOT / "examples"
EB, PB = "eb-docs-20260131-00000", "pb-docs-20260131-00000"

Program = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def program(on_etcd: Environment) -> Iterator[Program]:
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, EXAMPLES / name, *arguments],
            env=on_etcd,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        # Its child processes keep its output open.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def config(on_etcd: Environment) -> Iterator[Config]:
    with Config(host=on_etcd["SDP_CONFIG_HOST"], port=on_etcd["SDP_CONFIG_PORT"]) as config:
        yield config


def begin(config: Config, script: str = "realtime:scan-log:1.0.0") -> None:
    for txn in config.txn():
        txn.create_execution_block(EB, {"eb_id": EB, "status": "ACTIVE", "pb_realtime": [PB]})
        txn.create_processing_block(ProcessingBlock(PB, EB, script))


def change(config: Config, **fields: Any) -> None:
    for txn in config.txn():
        txn.update_execution_block(EB, {**(txn.get_execution_block(EB) or {}), **fields})


def state_of(config: Config) -> dict[str, Any]:
    found: dict[str, Any] | None = None
    for txn in config.txn():
        found = txn.get_processing_block_state(PB)
    return found or {}


def has_noted(config: Config, scan_id: int) -> bool:
    return scan_id in state_of(config).get("scans", [])


def is_free(config: Config) -> bool:
    """Return whether the processing block has no owner, so the script has printed everything."""
    found = False
    for txn in config.txn():
        found = not txn.processing_block.ownership(PB).is_owned()
    return found


def until(holds: Callable[[], object], what: str) -> None:
    """Wait, as long as programs take to start on a busy machine."""
    wait_until(holds, within=120, what=what)


def end(process: subprocess.Popen[str]) -> str:
    """Terminate a program; return its output.

    Python drops an exception that a signal raises within a callback of a library, so the signal
    is repeated.
    """
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=30)[0]
    process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=60)[0]


def observe(config: Config) -> None:
    """Run two scans, each noted by the script before the next step."""
    until(lambda: state_of(config).get("status") == "RUNNING", "the script runs")
    for scan_id in (7, 8):
        change(config, scan_id=scan_id)
        until(partial(has_noted, config, scan_id), f"scan {scan_id} is noted")
    change(config, scan_id=None, status="FINISHED")
    until(lambda: state_of(config).get("status") == "FINISHED", "the script ends")


def test_script_follows_its_execution_block(program: Program, config: Config) -> None:
    begin(config)
    script = program("processing_script.py", PB)
    observe(config)
    printed, _ = script.communicate(timeout=120)
    assert printed.splitlines() == [
        f"{PB} runs for {EB}",
        "scan 7",
        "scan 8",
        f"{EB} is FINISHED: 2 scans",
    ]
    assert script.returncode == 0


def test_script_rejects_a_missing_processing_block(program: Program) -> None:
    script = program("processing_script.py", PB)
    printed, _ = script.communicate(timeout=120)
    assert "nothing to follow" in printed
    assert script.returncode == 1


def test_controller_starts_the_script(program: Program, config: Config) -> None:
    begin(config)
    controller = program("controller.py")
    observe(config)
    # The script prints to the same pipe, its last line after its final commit.
    until(lambda: is_free(config), "the script has ended")
    printed = end(controller)
    assert f"started processing_script.py {PB}" in printed
    assert printed.splitlines()[-1] == "ending"
    assert controller.returncode == 0


def test_controller_fails_a_block_with_an_unknown_script(program: Program, config: Config) -> None:
    begin(config, "realtime:unknown:1.0.0")
    program("controller.py")
    until(lambda: state_of(config).get("status") == "FAILED", "the block fails")
    assert state_of(config)["reason"] == "realtime:unknown:1.0.0 is not known"


def test_example_message_has_no_warnings() -> None:
    parsed = parse_assign_resources((EXAMPLES / "assign_resources.json").read_text(), 2)
    assert parsed.warnings == ()


@pytest.mark.long
def test_notebook_runs(stack: Callable[..., Environment], tmp_path: Path) -> None:
    notebook = tmp_path / "observation.ipynb"
    notebook.write_text((EXAMPLES / "observation.ipynb").read_text())
    for name in ("assign_resources.json", "scripts.yaml"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text())
    variables = {**stack(), "JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", str(notebook)]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    cells = json.loads(notebook.read_text())["cells"]
    printed = "".join(
        "".join(output.get("text", ""))
        for cell in cells
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
    )
    assert "SCANNING" in printed
    assert printed.rstrip().endswith("EMPTY")
