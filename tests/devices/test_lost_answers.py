"""Commands whose commit takes effect although its answer is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ska_sdp_lmc import commands
from ska_sdp_lmc.devices import subarray as server
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

from .conftest import Events, obs_states
from .observing import Observation, observation

CONFIGURE = '{"scan_type": "science", "transaction_id": "txn-test-20260131-lost"}'


@pytest.fixture
def network(etcd: Etcd) -> Iterator[Proxy]:
    with Proxy(etcd.host, etcd.port) as proxy:
        yield proxy


@contextmanager
def in_idle(etcd: Etcd, network: Proxy, budget: str) -> Iterator[Observation]:
    """A subarray in IDLE, behind the network; its commands may take ``budget`` seconds."""
    settings = {"RequiredComponents": "none", "TimeoutDatabase": budget}
    with observation(etcd, components=(), port=network.port, **settings) as observing:
        observing.switch_on()
        message = observing.new_assignment().replace("vis-receive", "work")
        observing.command("AssignResources", message)
        for txn in observing.config.txn():
            state = '{"status": "RUNNING", "resources_available": true}'
            txn.create(f"/pb/{observing.pb_id}/state", state)
        observing.wait_for("IDLE")
        yield observing


def at_the_commit(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Call a function once, after the reads of a command and before its commit."""
    decide = commands.apply_command
    left = [happens]

    def decided(*arguments: Any) -> Any:
        writes = decide(*arguments)
        while left:
            left.pop()()
        return writes

    monkeypatch.setattr(server, "apply_command", decided)


def test_commit_with_lost_response_is_settled(
    etcd: Etcd, network: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        in_idle(etcd, network, "15") as observing,
        Events(observing.subarray, "obsState", "transactionID") as events,
    ):
        at_the_commit(monkeypatch, lambda: network.discard(down=True))
        observing.command("Configure", CONFIGURE)
        assert observing.obs_state == "READY"
        assert observing.entry["last_command"] == "Configure"
        # The events of another command follow, so those of the first were pushed once.
        observing.command("Scan", '{"scan_id": 1}')
        events.wait_for("obsState", obs_states("CONFIGURING READY SCANNING"))
        assert events.of("transactionID")[0] == "txn-test-20260131-lost"


def test_unknown_outcome_is_published_once_known(
    etcd: Etcd, network: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off() -> None:
        network.reject_connections(True)
        network.discard(down=True)

    with (
        in_idle(etcd, network, "2") as observing,
        Events(observing.subarray, "obsState", "transactionID") as events,
    ):
        count = observing.entry["command_count"]
        at_the_commit(monkeypatch, cut_off)
        reason, text = observing.rejection("Configure", CONFIGURE)
        assert reason == "API_CommandFailed"
        assert text.startswith("It is not known whether Configure was carried out: ")
        assert observing.obs_state == "IDLE"
        assert events.received == []
        # It took effect; the device detects this by itself.
        wait_until(lambda: observing.entry["command_count"] == count + 1)
        network.reject_connections(False)
        network.cut()
        observing.wait_for("READY")
        events.wait_for("obsState", obs_states("CONFIGURING READY"))
        events.wait_for("transactionID", ["txn-test-20260131-lost"])
