"""Virtual environments that the tests install once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.services.environments import installed_python

pytestmark = pytest.mark.long


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of requirements that demands nothing, and an empty cache directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "none.lock"
    file.write_text("# first\n")
    return file


def test_environment_is_installed_again_for_other_requirements_only(lock: Path) -> None:
    first = installed_python("none", "-r", str(lock))
    assert first.exists()
    assert installed_python("none", "-r", str(lock)) == first
    lock.write_text("# second\n")
    second = installed_python("none", "-r", str(lock))
    assert second != first
    assert second.exists()


def test_environment_is_of_the_interpreter_of_the_tests(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = installed_python("none", "-r", str(lock))
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    other.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(other))
    second = installed_python("none", "-r", str(lock))
    assert second != first
    assert second.exists()
