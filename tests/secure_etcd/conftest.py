"""Etcd servers secured as in the guide: with client certificates and logins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.secure_etcd.secured import Secured


@pytest.fixture
def open_etcd(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Server that demands client certificates and has no users yet."""
    secured = Secured(program, tmp_path_factory.mktemp("secured"))
    with secured.etcd:
        yield secured


@pytest.fixture(scope="module")
def secured(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Server that demands client certificates and logins; do not change its users."""
    secured = Secured(program, tmp_path_factory.mktemp("secured"))
    with secured.etcd:
        made = secured.users()
        assert made.exit_code == 0, made.output
        yield secured
