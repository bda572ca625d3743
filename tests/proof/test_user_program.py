"""Program of a user of the public API: it runs, and its types are checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_config.backends import MemoryBackend

from . import user_program


def test_user_program_runs() -> None:
    MemoryBackend.shared.clear()
    output = user_program.main()
    assert output[0].startswith("version ")
    assert output[1].endswith(" runs imaging for 3.5")
    assert output[2:4] == ["it is WAITING", "images of Image go to /mnt/data/product"]
    assert output[4] == "['user'] None [('batch', 'imaging', '1.0')] 2 1 True"
    assert output[6] == "/deploy/proc-absent"
    assert output[7].endswith("/state")
    assert output[8:10] == ["True True False", "connected"]
    assert output[10] == "{'reason': None, 'resources_available': True, 'status': 'TOMORROWS'}"
    assert output[11:] == ["2 True 2"]


MISTAKES = """
from ska_sdp_config import Config
from ska_sdp_config.entity.flow import Flow
from ska_sdp_config.entity.states import ProcessingBlockState

for txn in Config().txn():
    txn.procesing_block.list_keys()
    txn.get("/a").upper()
    txn.create("/b", 1)
    print(txn.processing_block("pb-a").get().script)
for watcher in Config().watcher():
    for txn in watcher.txn():
        txn.list_key("/")
for text in Config(wrapper=lambda txn: txn.get("/a") or "").txn():
    text.get("/b")
for txn in Config().txn():
    txn.processing_block.state("pb-a").patch(status="RUNING")
    txn.execution_block.state("eb-a").patch(status="RUNNING")
    txn.flow.state(Flow.Key(pb_id="pb-a", name="vis")).patch(status="FLOWIN")
    state: ProcessingBlockState = {"status": "RUNING"}
"""


@pytest.mark.long
def test_only_mistakes_of_user_programs_are_type_errors(tmp_path: Path) -> None:
    """Both programs are checked at once, as mypy analyses the installed library for each run."""
    (tmp_path / "program.py").write_text(Path(user_program.__file__).read_text("utf-8"), "utf-8")
    (tmp_path / "mistakes.py").write_text(MISTAKES, "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null"]
    run = subprocess.run(
        [*mypy, "program.py", "mistakes.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 1, output
    errors = [line.split(":")[:2] for line in output.splitlines() if ": error:" in line]
    expected = [["mistakes.py", str(line)] for line in (7, 8, 9, 10, 13, 15, 17, 18, 19, 20)]
    assert errors == expected, output
