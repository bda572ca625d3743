"""Fixtures: Tango databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from ska_sdp_sim.stack.tango_db import TangoDatabase, TangoDatabaseServer
from tests.services.mariadb import MariaTangoDatabase, missing_programs


class Kind(Protocol):
    """Creates a Tango database, not started; see ``TangoDatabaseServer``."""

    def __call__(self, directory: Path, *, port: int | None = None) -> TangoDatabaseServer: ...


KINDS: dict[str, Kind] = {
    "sqlite": TangoDatabase,
    "mariadb": MariaTangoDatabase,
}
"""Tango databases of the stack and of production, which must behave the same."""


@pytest.fixture(scope="session", params=list(KINDS))
def tango_db_kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of Tango database in turn."""
    kind = str(request.param)
    if kind == "mariadb" and (missing := missing_programs()):
        pytest.skip(f"this machine lacks {', '.join(missing)}: .ci/packages lists the packages")
    return KINDS[kind]


@pytest.fixture(scope="session")
def either_tango_db(
    tango_db_kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TangoDatabaseServer]:
    """A running Tango database of each kind in turn; register unique names."""
    with tango_db_kind(tmp_path_factory.mktemp("tango-db")) as server:
        yield server


@pytest.fixture(scope="session")
def tango_db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TangoDatabase]:
    """One running Tango database for the session; register unique names."""
    with TangoDatabase(tmp_path_factory.mktemp("tango-db")) as server:
        yield server


@pytest.fixture
def tango_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], TangoDatabase]]:
    """Creates running, empty Tango databases of one test, which may break them."""
    with ExitStack() as servers:

        def start() -> TangoDatabase:
            directory = tmp_path_factory.mktemp("tango-db")
            return servers.enter_context(TangoDatabase(directory))

        yield start
