"""Environment, ports and order of all tests, and plugins with servers."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from ska_sdp_sim.stack import ports

pytest_plugins = [
    "tests.services.etcd",
    "tests.services.old_pytango",
    "tests.services.release",
    "tests.services.servers",
    "tests.services.stack",
    "tests.services.tango_db",
    "tests.services.versions",
]

# Otherwise each of the hundreds of programs that the tests start, and each worker, compiles all
# modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine, or the first use of Hypothesis, makes examples slow.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")

# Tests do not use the database to which the shell of a developer points.
for _name in list(os.environ):
    if _name.startswith(("SDP_CONFIG_", "SDP_LMC_")) or _name == "TANGO_HOST":
        del os.environ[_name]

# Each worker uses its own range of ports, so a port stays free while a test restarts its server.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS_EACH = 750
ports.LOWEST += _WORKER * _PORTS_EACH % (ports.HIGHEST - ports.LOWEST)
ports.HIGHEST = ports.LOWEST + _PORTS_EACH - 1

ROOT = Path(__file__).parent

OF_A_RELEASE = (
    "tests/container/test_image.py",
    "tests/library/test_bare_install.py",
    "tests/release/test_artifacts.py",
)
"""Files that share a release, which takes long to build: one worker runs them all."""

SHARED_SERVERS = {
    "tests/dashboards/": "stack",
    "tests/e2e/": "stack",
    "tests/web/browser/": "browser",
}
"""Servers that the tests of a directory share, and that start slowly: one worker runs all short
tests that share them."""

ONE_BY_ONE = (
    "tests/connection/",
    "tests/docs/",
    "tests/e2e/test_event_kinds.py",
    "tests/e2e/test_many_subarrays.py",
    "tests/proof/",
    "tests/stack/test_up.py",
)
"""Files and directories whose long tests share no servers, so that any worker can run each."""

LONGEST_TESTS = (
    "test_many_pairs_are_read_together_in_spite_of_crashes[3.5]",
    "test_watchers_survive_a_thousand_cuts[3.5]",
    "test_many_processes_on_etcd_are_serializable[3.5]",
    "test_image_has_only_locked_packages",
    "test_many_transactions_in_memory_match_the_reference[losing answers]",
    "test_many_watchers_in_memory_match_the_reference",
    "test_many_views_on_etcd_are_consistent[3.5]",
    "test_many_watchers_on_etcd_match_the_reference[3.5]",
    "test_random_observations[17-30]",
    "test_clients_of_all_versions_receive_all_values_of_a_thousand_scans",
    "test_concurrent_subarrays_send_all_events[sixteen-a_server_each]",
    "test_concurrent_subarrays_send_all_events[sixteen-one_server]",
    "test_no_event_is_missing_in_many_runs",
    "test_many_transactions_on_etcd_match_the_reference[3.5]",
    "test_documentation_builds",
    "test_login_survives_many_expired_tokens",
)
"""Long tests that take a minute or so. In ``make test-long`` they start before all others."""

LONGEST = (
    "e2e",
    "dashboards",
    "web/browser",
    "connection/test_login.py",
    "proof/test_pairs.py",
    "connection/test_leaks.py",
    "stack",
    "container/test_image.py",
    "proof",
    "connection",
    "docs",
    "chart",
    "secure_etcd",
    "tango_db",
)
"""Files and directories that take longest. They start first, so that none is left at the end."""


@pytest.fixture(autouse=True)
def _level_of_the_log() -> Iterator[None]:
    """Restore the level of the library's log, which ``ska-sdp`` sets for its whole process."""
    library = logging.getLogger("ska_sdp_config")
    level = library.level
    yield
    library.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without a search for garbage: they are many, and all stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests, the longest first."""

    @cache
    def place_of_file(path: Path) -> int:
        where = path.relative_to(ROOT)
        parts = {str(part) for part in (where, *where.parents)}
        return next((n for n, part in enumerate(LONGEST) if part in parts), len(LONGEST))

    def place(item: pytest.Item) -> tuple[int, int]:
        is_first = item.name in LONGEST_TESTS
        first = LONGEST_TESTS.index(item.name) if is_first else len(LONGEST_TESTS)
        return first, place_of_file(item.path)

    items.sort(key=place)


class ShortTests(LoadScopeScheduling):
    """Distribution of short tests to workers: by file, or by the servers that files share."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        shared = (name for place, name in SHARED_SERVERS.items() if file.startswith(place))
        return next(shared, file)


class LongTests(LoadScopeScheduling):
    """Distribution of long tests to workers: by what they share, usually the servers of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        if file in OF_A_RELEASE:
            return "release"
        return nodeid if file.startswith(ONE_BY_ONE) else file


SCHEDULERS = {"loadfile": ShortTests, "loadgroup": LongTests}
"""Schedulers of ``make test`` and ``make test-long``, in place of those of the option ``--dist``:
the groups of xdist get lost with pytest 9.2."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Return the scheduler of this project for a value of ``--dist``."""
    scheduler = SCHEDULERS.get(config.getoption("dist"))
    return scheduler and scheduler(config, log)
