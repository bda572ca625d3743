"""A user's program runs, and a type checker understands it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_config.backend import MemoryBackend

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


@pytest.mark.proof
def test_it_is_typed(tmp_path: Path) -> None:
    """As mypy sees it that knows nothing of this project but that it is installed."""
    program = tmp_path / "program.py"
    program.write_text(Path(user_program.__file__).read_text(), "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    run = subprocess.run(
        [*mypy, program.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
