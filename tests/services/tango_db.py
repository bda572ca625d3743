"""Fixtures: Tango databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ska_sdp_lmc.stack.tango_db import TangoDatabase


@pytest.fixture(scope="session")
def tango_db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TangoDatabase]:
    """One running Tango database for the session; register under names of the test's own."""
    with TangoDatabase(tmp_path_factory.mktemp("tango-db")) as server:
        yield server


@pytest.fixture
def tango_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], TangoDatabase]]:
    """Makes running, empty Tango databases of a test's own, to be broken at will."""
    with ExitStack() as servers:

        def start() -> TangoDatabase:
            directory = tmp_path_factory.mktemp("tango-db")
            return servers.enter_context(TangoDatabase(directory))

        yield start
