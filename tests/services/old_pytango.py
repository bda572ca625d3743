"""Interpreters with an old PyTango: Debian's with 9.3, and one of the tests' own with 9.5."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.services.environments import installed_python

DEBIAN_PYTHON = "/usr/bin/python3"
LOCK = Path(__file__).parents[2] / "requirements" / "old-client.lock"


@cache
def debian_python() -> str:
    """Return the path of Debian's interpreter with PyTango 9.3; skip where it is missing."""
    if not _pytango(DEBIAN_PYTHON).startswith("9.3"):
        pytest.skip(f"{DEBIAN_PYTHON} has no PyTango 9.3: install Debian's python3-tango")
    return DEBIAN_PYTHON


@cache
def _own_python() -> str:
    """Return an interpreter with PyTango 9.5; skip where it cannot be installed."""
    return str(installed_python("pytango-9.5", "--require-hashes", "-r", str(LOCK)))


def _pytango(python: str) -> str:
    """Return the version of an interpreter's PyTango; empty without one."""
    script = "import tango; print(tango.__version__)"
    try:
        done = subprocess.run(
            [python, "-I", "-c", script], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


@pytest.fixture(params=["9.3", "9.5"])
def old_python(request: pytest.FixtureRequest) -> str:
    """Path of an interpreter with each old PyTango in turn."""
    return debian_python() if request.param == "9.3" else _own_python()


@pytest.fixture
def old_pythons() -> list[str]:
    """Paths of the interpreters with an old PyTango."""
    return [debian_python(), _own_python()]
