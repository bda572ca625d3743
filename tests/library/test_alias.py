"""The alias distribution meets the requirement ska-sdp-config of other programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.library.conftest import ROOT, build, run

ALIAS = ROOT / "packaging" / "ska-sdp-config"

PROGRAM = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "a-program"
version = "1.0"
dependencies = ["ska-sdp-config>=1.2,<2"]

[tool.hatch.build.targets.wheel]
bypass-selection = true
"""

LOOK = """
import importlib.metadata as metadata, json
import ska_sdp_config, ska_sdp_config.store.errors
print(json.dumps({
    "versions": {name: metadata.version(name) for name in ("ska-sdp-config", "ska-sdp-lmc")},
    "requires": metadata.requires("ska-sdp-config"),
    "files": [str(file) for file in metadata.files("ska-sdp-config")],
    "home": ska_sdp_config.__file__,
    "version": ska_sdp_config.__version__,
    "error": ska_sdp_config.store.errors.ConfigCollision.__name__,
}))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of the library, the alias and a program, built from source."""
    program = tmp_path_factory.mktemp("program")
    (program / "pyproject.toml").write_text(PROGRAM)
    wheels = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ALIAS, program):
        build(project, "wheel", wheels)
    return wheels


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Interpreter of a new virtual environment."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    return tmp_path / "venv" / "bin" / "python"


def pip(python: Path, *args: str | Path, fails: bool = False) -> str:
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    return run(*command, *args, fails=fails)


def install(python: Path, wheels: Path, *names: str) -> None:
    # Without a package index. The dependencies of the library are not needed to import it.
    offline = ("--quiet", "--no-index", "--no-deps", "--find-links", wheels)
    pip(python, "install", *offline, *names)


@pytest.mark.long
def test_alias_meets_requirement_and_installs_library(
    python: Path, wheels: Path, tmp_path: Path
) -> None:
    install(python, wheels, "ska-sdp-config", "ska-sdp-lmc", "a-program")
    found = json.loads(run(python, "-c", LOOK, cwd=tmp_path))
    assert found["versions"]["ska-sdp-config"] == "1.6.3"
    assert found["versions"]["ska-sdp-lmc"] == found["version"]
    assert found["requires"] == ["ska-sdp-lmc"]
    assert found["home"].startswith(str(tmp_path))
    assert found["error"] == "ConfigCollision"
    assert all(".dist-info/" in file for file in found["files"])
    # The requirements of the program and of the alias are met; those of the library are absent.
    unmet = pip(python, "check", fails=True).splitlines()
    assert unmet
    assert all(line.startswith("ska-sdp-lmc ") for line in unmet)


@pytest.mark.long
def test_requirement_is_unmet_without_alias(python: Path, wheels: Path) -> None:
    install(python, wheels, "ska-sdp-lmc", "a-program")
    assert "a-program 1.0 requires ska-sdp-config" in pip(python, "check", fails=True)
