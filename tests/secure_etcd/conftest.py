"""Etcd servers that the program has secured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.secure_etcd.secured import Secured


@pytest.fixture
def open_etcd(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One that speaks TLS and knows no users yet."""
    secured = Secured(program, tmp_path_factory.mktemp("secured"))
    with secured.etcd:
        yield secured


@pytest.fixture(scope="module")
def secured(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One that enforces users; do not change them."""
    secured = Secured(program, tmp_path_factory.mktemp("secured"))
    with secured.etcd:
        made = secured.users()
        assert made.exit_code == 0, made.output
        yield secured
