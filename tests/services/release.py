"""Fixture: the files of a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.release import make_clone, make_release


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory with the files of a release, built once from a clone of its tag; do not write."""
    return make_release(make_clone(tmp_path_factory.mktemp("release")))
