"""Component key: kept present while the process is alive, without needless writes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from unittest import mock

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.presence import Presence
from tests.services.versions import NEWER_FIRST, EtcdOf
from tests.support.backends import ConnectTo, etcd_client
from tests.support.configs import MakeConfig, wait_until_gone
from tests.support.in_time import on_time
from tests.support.users import PASSWORD, Administrator, administrator
from tests.support.waiting import wait_until

__all__ = ["etcd_client"]

PATH = "/component/proccontrol/owner"
OTHER = {"pid": 7, "hostname": "elsewhere", "command": ["other.py"]}


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_INTERVAL_S", 0.02)


def owner(config: Config) -> object:
    value, _ = config.backend.get(PATH)
    return None if value is None else json.loads(value)


def written(config: Config) -> int | None:
    return config.backend.get(PATH)[1].mod_revision


def stays(config: Config) -> bool:
    """Return whether the key is not written within a waiting time."""
    before = written(config)
    threading.Event().wait(0.3)
    return written(config) == before


def test_component_key_returns_after_lost_lease(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    lost = config.client_lease
    other.backend.store.revoke_lease(lost.id, timeout=20)
    wait_until(lambda: owner(other) == config.owner)
    assert config.lease_is_lost, "keys of the lost lease are not taken again automatically"
    assert stays(other)


def test_component_key_returns_after_delete(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    other.backend.delete(PATH)
    wait_until(lambda: owner(other) == config.owner)
    for txn in other.txn():
        txn.delete(PATH)
        txn.create(PATH, '"it lives by no lease"')
    wait_until(lambda: owner(other) == config.owner)
    config.close()
    wait_until_gone(other, PATH)


def test_set_alive_writes_missing_key(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_INTERVAL_S", 60.0)
    config = make_config(component_name="proccontrol", global_prefix="/test")
    config.revoke_lease()
    assert not config.is_alive()
    config.set_alive()
    assert config.is_alive()
    assert config.backend.get("/test/component/proccontrol/owner")[0] is not None


def test_set_alive_recovers_from_expired_lease(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_INTERVAL_S", 60.0)
    config, other = make_config(component_name="proccontrol"), make_config()
    other.backend.store.revoke_lease(config.client_lease.id, timeout=20)
    config.set_alive()
    assert owner(other) == config.owner


def test_existing_key_is_not_written_again(make_config: MakeConfig) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    before = written(other)
    config.set_alive()
    assert written(other) == before
    assert stays(other)


def test_watcher_that_calls_set_alive_stays_idle(make_config: MakeConfig) -> None:
    config = make_config(component_name="proccontrol")
    began: list[float] = []
    for watcher in config.watcher(timeout=1.0):
        began.append(time.monotonic())
        if len(began) == 2:
            break
        for txn in watcher.txn():
            assert [name for name, _ in txn.component.list_values()] == ["proccontrol"]
        config.set_alive()
    on_time(began[1] - began[0] > 0.5, f"it iterated after {began[1] - began[0]:.2f} s")


def test_last_of_two_processes_holds_key(make_config: MakeConfig) -> None:
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


def test_restarted_process_replaces_key_of_killed_one(make_config: MakeConfig) -> None:
    killed, other = make_config(), make_config()
    lease = killed.lease(60)
    killed.backend.create(PATH, json.dumps(killed.owner), lease)
    config = make_config(component_name="proccontrol")
    lease.revoke()
    assert owner(other) == config.owner


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> list[Lease]:
    """Leases of the failed writes of the key."""
    found: list[Lease] = []

    def put(presence: Presence) -> None:
        found.append(presence._backend.client_lease.current())
        raise RuntimeError("The transaction gave up after 64 retries")

    monkeypatch.setattr(Presence, "put", put)
    return found


def threads_of_the_library() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name.startswith("config-")}


def test_failed_constructor_releases_resources(
    make_config: MakeConfig, leases: list[Lease]
) -> None:
    other = make_config()
    before = threads_of_the_library()
    with pytest.raises(RuntimeError, match="64 retries"):
        make_config(component_name="proccontrol")
    (lease,) = leases
    assert not lease.alive()
    wait_until(lambda: not other.backend.store.keep_lease(lease.id, timeout=20))
    wait_until(lambda: threads_of_the_library() <= before)


@pytest.mark.parametrize("had_lease", [False, True])
def test_failed_constructor_leaves_given_backend_open(
    make_config: MakeConfig, leases: list[Lease], had_lease: bool
) -> None:
    """A lease that existed before stays too."""
    owner, other = make_config(), make_config()
    if had_lease:
        _ = owner.client_lease
    with pytest.raises(RuntimeError, match="64 retries"):
        Config(owner.backend, component_name="proccontrol")
    (lease,) = leases
    assert lease.alive() is had_lease
    assert other.backend.store.keep_lease(lease.id, timeout=20) is had_lease
    owner.backend.create("/a", "1")
    assert not owner.lease_is_lost


def test_invalid_owner_releases_resources(make_config: MakeConfig) -> None:
    make_config()
    before = threads_of_the_library()
    with pytest.raises(TypeError):
        make_config(component_name="proccontrol", owner={"pid": object()})
    assert threads_of_the_library() <= before


@pytest.fixture
def users(server: EtcdOf) -> Iterator[Administrator]:
    with administrator(server.endpoint) as users:
        yield users


@pytest.fixture
def guest(server: EtcdOf, users: Administrator, etcd_client: ConnectTo) -> Iterator[Backend]:
    """Client with a login but no permissions."""
    with etcd_client(host=server.endpoint, username="guest", password=PASSWORD) as guest:
        yield guest


@NEWER_FIRST
def test_permission_denied_is_logged_once_and_retried_slowly(
    guest: Backend, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = mock.Mock(wraps=guest.store)
    for name in ("read", "commit"):
        monkeypatch.setattr(guest.store, name, getattr(calls, name))
    with (
        caplog.at_level(logging.DEBUG, "ska_sdp_config.presence"),
        Config(guest, component_name="proccontrol"),
    ):
        threading.Event().wait(0.5)
    (record,) = [each for each in caplog.records if each.name == "ska_sdp_config.presence"]
    assert record.levelno == logging.ERROR
    assert PATH in record.getMessage()
    assert "does not let user 'guest'" in record.getMessage()
    assert 0 < len(calls.method_calls) < 4


@NEWER_FIRST
def test_component_key_is_written_after_permission_is_granted(
    guest: Backend,
    users: Administrator,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ska_sdp_config.presence.RETRY_REJECTED_AFTER_S", 0.05)
    with (
        caplog.at_level(logging.INFO, "ska_sdp_config.presence"),
        Config(guest, component_name="proccontrol") as config,
    ):
        users.grant_role("guest", "all")
        wait_until(lambda: owner_or_none(config) == config.owner)
        wait_until(lambda: "was written" in caplog.text)


def owner_or_none(config: Config) -> object:
    """Return ``owner``, or None while the etcd member has not yet received the role."""
    try:
        return owner(config)
    except ConfigConnectionError:
        return None


def test_unexpected_error_does_not_end_thread(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config, other = make_config(component_name="proccontrol"), make_config()
    put, faults = Presence.put, [ValueError("a fault of ours"), LookupError("another")]

    def put_at_last(presence: Presence) -> None:
        if faults:
            raise faults.pop()
        put(presence)

    monkeypatch.setattr(Presence, "put", put_at_last)
    other.backend.delete(PATH)
    wait_until(lambda: owner(other) == config.owner)
    assert "a fault of ours" in caplog.text
