"""Databases in memory: their names, and the fixtures for tests of other programs."""

from __future__ import annotations

from pathlib import Path

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from tests.support.suites import run_tests


def write(config: Config, text: str) -> None:
    for txn in config.txn():
        txn.create("/a", text)


def read(config: Config) -> str | None:
    for txn in config.txn():
        text = txn.get("/a")
    return text


def test_databases_with_a_name_are_shared_by_name() -> None:
    MemoryBackend.shared.clear()
    with (
        Config(backend="memory", name="one") as one,
        Config(backend="memory", name="other") as other,
        Config(backend="memory") as unnamed,
    ):
        write(one, "1")
        assert read(other) is None
        assert read(unnamed) is None
        write(other, "2")
        with Config(backend="memory", name="one") as again:
            assert read(again) == "1"
    with Config(MemoryBackend(name="other")) as later:
        assert read(later) == "2"


def test_fixture_gives_each_test_an_empty_database(tmp_path: Path) -> None:
    run = run_tests(
        tmp_path,
        'pytest_plugins = ["ska_sdp_config.pytest_plugin"]\n',
        """
import pytest
from ska_sdp_config import Config

@pytest.mark.parametrize("turn", [1, 2])
def test_program(sdp_config, sdp_memory_arguments, turn):
    for txn in sdp_config.txn():
        assert txn.list_keys("/", recurse=9) == []
        txn.create("/a", str(turn))
    with Config(component_name="mine", **sdp_memory_arguments) as other:
        for txn in other.txn():
            assert txn.get("/a") == str(turn)
""",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout
