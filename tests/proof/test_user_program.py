"""A user's program runs, and a type checker understands it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_config.backends import MemoryBackend

from . import user_program


def test_it_runs() -> None:
    MemoryBackend.shared.clear()
    said = user_program.main()
    assert said[0].startswith("version ")
    assert said[1].endswith(" runs imaging for 3.5")
    assert said[2:4] == ["it is WAITING", "images of Image go to /mnt/data/product"]
    assert said[4] == "['user'] None [('batch', 'imaging', '1.0')] 2 1 True"
    assert said[6] == "/deploy/proc-absent"
    assert said[7].endswith("/state")
    assert said[8:] == ["True True False", "connected", "2 True 2"]


MISTAKES = """
from ska_sdp_config import Config

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
"""


def checked(text: str, directory: Path) -> tuple[int, str]:
    """Get what mypy says that knows nothing of this project but that it is installed."""
    (directory / "program.py").write_text(text, "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    run = subprocess.run(
        [*mypy, "program.py"], cwd=directory, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


@pytest.mark.long
def test_it_is_typed(tmp_path: Path) -> None:
    status, said = checked(Path(user_program.__file__).read_text("utf-8"), tmp_path)
    assert status == 0, said
    status, said = checked(MISTAKES, tmp_path)
    assert status == 1
    lines = [int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line]
    assert lines == [5, 6, 7, 8, 11, 13], said
