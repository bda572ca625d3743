"""Installation without extras: which programs work, and the error of the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_sim.stack.etcd import Etcd

ROOT = Path(__file__).parents[2]

# All tests of this file share one environment, also when `make test-long` distributes them.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("bare-install")]

EXTRAS = {
    "ska-sdp-lmc up": "tango,local",
    "ska-sdp-lmc demo": "tango",
    "ska-sdp-lmc register": "tango",
    "ska-sdp-lmc secure-etcd certificates certificates": "secure",
    "SDPController 0": "tango",
    "SDPSubarray 01": "tango",
}
"""Extras that each program requires."""


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment or None
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the programs of an environment without extras."""
    venv = tmp_path_factory.mktemp("bare") / "venv"
    run(sys.executable, "-m", "venv", venv)
    run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", ROOT)
    return venv / "bin"


def test_library_works_in_an_environment_without_pytango(programs: Path, etcd: Etcd) -> None:
    python = programs / "python"
    run(python, "-c", "import importlib.util as u; assert u.find_spec('tango') is None")
    program = (
        "import ska_sdp_config\n"
        "with ska_sdp_config.Config() as config:\n"
        "    for txn in config.txn():\n"
        "        print(txn.list_processing_blocks())\n"
    )
    where = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
    assert run(python, "-c", program, **where).startswith("[")
    usage = run(programs / "ska-sdp", "--help")
    assert "ska-sdp" in usage


@pytest.mark.parametrize("command", EXTRAS)
def test_program_without_its_extra_names_it_in_one_line(command: str, programs: Path) -> None:
    program, *arguments = command.split()
    # PATH excludes etcd and the Tango database of other environments.
    done = subprocess.run(
        [programs / program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(programs)},
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"pip install '.[{EXTRAS[command]}]'" in done.stderr
    assert not done.stdout
