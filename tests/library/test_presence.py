"""A component's key is kept as long as its process lives, and written no more than it must."""

from __future__ import annotations

import json
import threading
import time

import pytest

from ska_sdp_config import Config
from tests.in_time import on_time
from tests.library.conftest import MakeConfig, wait_until_gone
from tests.waiting import wait_until

PATH = "/component/proccontrol/owner"
OTHER = {"pid": 7, "hostname": "elsewhere", "command": ["other.py"]}


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_EVERY", 0.02)


def owner(config: Config) -> object:
    value, _ = config.backend.get(PATH)
    return None if value is None else json.loads(value)


def written(config: Config) -> int | None:
    """The revision at which the key was last written."""
    return config.backend.get(PATH)[1].mod_revision


def stays(config: Config) -> bool:
    """Whether the key is not written, although time is given to."""
    before = written(config)
    threading.Event().wait(0.3)
    return written(config) == before


def test_it_comes_back_after_its_lease_was_lost(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    lost = config.client_lease
    other.backend.store.revoke_lease(lost.id, timeout=5)
    wait_until(lambda: owner(other) == config.owner)
    assert config.lease_is_lost, "what was owned by the lost lease is not taken back unasked"
    assert stays(other)


def test_it_comes_back_after_it_was_deleted(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    other.backend.delete(PATH)
    wait_until(lambda: owner(other) == config.owner)
    for txn in other.txn():
        txn.delete(PATH)
        txn.create(PATH, '"it lives by no lease"')
    wait_until(lambda: owner(other) == config.owner)
    config.close()
    wait_until_gone(other, PATH)


def test_it_is_put_again_on_request(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_EVERY", 60.0)
    config = make_config(component_name="proccontrol", global_prefix="/test")
    config.revoke_lease()
    assert not config.is_alive()
    config.set_alive()
    assert config.is_alive()
    assert config.backend.get("/test/component/proccontrol/owner")[0] is not None


def test_request_recovers_from_a_lease_that_has_just_ended(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_EVERY", 60.0)
    config, other = make_config(component_name="proccontrol"), make_config()
    other.backend.store.revoke_lease(config.client_lease.id, timeout=5)
    config.set_alive()
    assert owner(other) == config.owner


def test_what_is_there_is_not_written_again(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    before = written(other)
    config.set_alive()
    assert written(other) == before
    assert stays(other)


def test_loop_that_reads_it_and_asks_for_it_rests(make_config: MakeConfig) -> None:
    config = make_config(component_name="proccontrol")
    began: list[float] = []
    for watcher in config.watcher(timeout=1.0):
        began.append(time.monotonic())
        if len(began) == 2:
            break
        for txn in watcher.txn():
            assert [name for name, _ in txn.component.list_values()] == ["proccontrol"]
        config.set_alive()
    on_time(began[1] - began[0] > 0.5, f"it turned after {began[1] - began[0]:.2f} s")


def test_of_two_processes_the_last_has_it_and_then_the_first(make_config: MakeConfig) -> None:
    first, other = make_config(component_name="proccontrol"), make_config()
    with make_config(component_name="proccontrol", owner=OTHER) as second:
        assert owner(other) == OTHER
        first.set_alive()
        assert owner(other) == OTHER
        assert stays(other), "they do not take it from each other again and again"
        assert first.is_alive()
        assert second.is_alive()
    wait_until(lambda: owner(other) == first.owner)
    first.close()
    wait_until_gone(other, PATH)


def test_process_in_the_place_of_one_that_was_killed(make_config: MakeConfig) -> None:
    killed, other = make_config(), make_config()
    lease = killed.lease(60)
    killed.backend.create(PATH, json.dumps(killed.owner), lease)
    config = make_config(component_name="proccontrol")
    lease.revoke()
    assert owner(other) == config.owner
