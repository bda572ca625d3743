"""Release of the working tree, with all its changes, from a clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
VERSION: str = yaml.safe_load((ROOT / "charts/ska-sdp-lmc/Chart.yaml").read_text())["version"]

WHEEL = f"ska_sdp_lmc-{VERSION}-py3-none-any.whl"

_UNWANTED = ("GIT_", "MAKE", "MFLAGS", "SETUPTOOLS_SCM_")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(_UNWANTED)},
    # The settings of the user must not change what git does.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=place,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_clone(directory: Path, tag: str = VERSION) -> Path:
    """Return a clone of a repository whose only commit is the working tree, with a tag."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("git is missing, or this is no clone")
    origin, clone = directory / "origin", directory / "clone"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split(
        "\0"
    ):
        if name and (ROOT / name).exists():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    git(origin, "init", "--quiet")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "all")
    git(origin, "tag", tag)
    git(directory, "clone", "--quiet", f"file://{origin}", str(clone))
    return clone


def make_release(clone: Path) -> Path:
    """Run ``make release`` in a clone, with the virtual environment of the tests."""
    venv = Path(sys.prefix)
    done = subprocess.run(
        ["make", "--old-file", venv / ".installed", f"VENV={venv}", "release"],
        cwd=clone,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return clone / "dist"
