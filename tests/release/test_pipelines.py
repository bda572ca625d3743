"""The files of GitLab and Read the Docs: valid, and calling make targets only."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
GITLAB, READ_THE_DOCS = ROOT / ".gitlab-ci.yml", ROOT / ".readthedocs.yaml"

KEYWORDS = {"include", "stages", "variables", "default", "workflow"}
SCRIPTS = ("before_script", "script", "after_script")

TARGETS = set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def gitlab() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(GITLAB.read_text())
    return content


def jobs() -> dict[str, dict[str, Any]]:
    return {name: job for name, job in gitlab().items() if name not in KEYWORDS}


def commands() -> list[str]:
    """Return the commands of all jobs."""
    found = [line for job in jobs().values() for key in SCRIPTS for line in job.get(key, [])]
    documentation = yaml.safe_load(READ_THE_DOCS.read_text())
    assert set(documentation) == {"version", "build"}
    return found + list(documentation["build"]["commands"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("schema", "file"), [("vendor.gitlab-ci", GITLAB), ("vendor.readthedocs", READ_THE_DOCS)]
)
def test_file_follows_its_schema(schema: str, file: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_are_make_targets() -> None:
    words = [command.split() for command in commands()]
    assert {each[0] for each in words} == {"make"}
    assert {each[1] for each in words} <= TARGETS
    # All checks of .ci/run, and what a release needs.
    tests = {"packages", "lint", "test", "test-long", "test-faults", "demo"}
    expected = tests | {"docs", "release", "audit"}
    assert {each[1] for each in words} == expected


def test_jobs_have_a_known_stage() -> None:
    stages = {job["stage"] for job in jobs().values() if "extends" not in job}
    assert stages == set(gitlab()["stages"])


def test_make_knows_the_arguments() -> None:
    for command in commands():
        variables = re.findall(r" ([A-Z]+)=", command)
        makefile = (ROOT / "Makefile").read_text()
        assert all(f"$({name})" in makefile for name in variables), command


def test_jobs_run_on_the_python_of_the_image() -> None:
    base = DockerfileParser(str(ROOT)).baseimage
    assert gitlab()["default"]["image"] == base.replace("-slim", "")


def test_version_has_the_whole_history() -> None:
    assert gitlab()["variables"]["GIT_DEPTH"] == "0"
