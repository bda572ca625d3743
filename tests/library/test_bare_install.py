"""The library and the command line install, and work, without Tango."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_lmc.stack.etcd import Etcd

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment or None
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_library_works_in_an_environment_without_pytango(tmp_path: Path, etcd: Etcd) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", ROOT)
    run(python, "-c", "import importlib.util as u; assert u.find_spec('tango') is None")
    program = (
        "import ska_sdp_config\n"
        "with ska_sdp_config.Config() as config:\n"
        "    for txn in config.txn():\n"
        "        print(txn.list_processing_blocks())\n"
    )
    where = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
    assert run(python, "-c", program, **where).startswith("[")
    usage = run(python.with_name("ska-sdp"), "--help")
    assert "ska-sdp" in usage
