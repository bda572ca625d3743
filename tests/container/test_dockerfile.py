"""The Dockerfile: pinned, without root, and without findings of hadolint."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.container.recipe import ROOT, pins, stages


@pytest.mark.parametrize("file", ["Dockerfile", "tango-db/Dockerfile"])
def test_hadolint_reports_nothing(file: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    if not program.exists():
        pytest.skip("hadolint is not installed: its wheel is for Linux and macOS.")
    done = subprocess.run(
        [program, "--no-color", ROOT / file], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bases_are_pinned_and_equal() -> None:
    bases = {stage.base for stage in stages()}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", bases.pop())


def test_user_is_numeric_and_not_root() -> None:
    (user,) = stages()[-1].values("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_packages_come_from_locks_with_hashes() -> None:
    build, last = stages()
    installs = [run for run in build.values("RUN") if "pip" in run]
    assert installs
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert not any("pip" in run for run in last.values("RUN"))


def test_locks_agree_and_image_has_no_development_tools() -> None:
    whole, image = pins("requirements.lock"), pins("requirements/image.lock")
    assert image <= whole
    names = {name for name, _ in image}
    assert {"pytango", "grpcio", "pydantic", "etcd3gw", "cryptography"} <= names
    assert {"starlette", "uvicorn", "opentelemetry-sdk"} <= names
    assert not names & {"pytest", "mypy", "ruff", "sphinx", "hypothesis", "hatchling", "pip"}


def test_labels_contain_the_version() -> None:
    assert "VERSION" in stages()[-1].values("ARG")
    (labels,) = stages()[-1].values("LABEL")
    for name in ("title", "description", "licenses", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_context_contains_only_copied_files() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    copied = {source for value in stages()[0].values("COPY") for source in value.split()[:-1]}
    assert {line[1:] for line in lines if line.startswith("!")} == copied
