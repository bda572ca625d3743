"""Watch responses that are too large to be sent or received whole."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest

from ska_sdp_config.backends import Etcd3Revolution1Backend
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.gateway import channel
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.keys import EVERYTHING
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.states import States
from tests.support.stores import RecordingSink, commit, watch_from_now
from tests.support.waiting import wait_until
from tests.support.watch_streams import WatchStream, intercept_responses

# etcd before 3.4.17 has a limit of its own.
pytestmark = NEWER_ONLY


def test_too_large_response_is_requested_in_parts_at_once(
    server: EtcdOf,
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a warning, a pause or another member: the connection works."""
    monkeypatch.setattr(channel, "MAX_WHOLE_RESPONSE", 1_000_000)
    replaced: list[EtcdClient] = []
    monkeypatch.setattr(EtcdClient, "replace", lambda client, _: replaced.append(client))
    revisions = [commit(backend, a=str(number) + "x" * 400_000) for number in range(8)]
    sink = RecordingSink()
    members = ",".join([server.endpoint] * 2)
    with (
        caplog.at_level(logging.WARNING),
        Etcd3Revolution1Backend(host=members) as gateway,
    ):
        states = States(gateway)
        gateway.store.watch(EVERYTHING, revisions[0], sink)
        wait_until(lambda: len(sink.changes) == len(revisions))
        assert gateway.counts.read()["watches_resumed"] == 0
    assert [change.revision for change in sink.changes] == revisions
    assert not sink.gaps
    assert not caplog.messages
    assert not replaced
    assert "suspended" not in states.received


def test_too_large_part_is_reported_as_an_outage(
    server: EtcdOf,
    connect: ConnectTo,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Requests without a pause would keep the server busy."""
    failed: list[WatchStream] = []

    def on_response(stream: WatchStream, response: Any) -> None:
        if response.events and len(failed) < 3:
            failed.append(stream)
            raise CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max")

    intercept_responses(monkeypatch, on_response)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    sink = watch_from_now(backend)
    commit(other, a="1")
    sink.expect(("1/a", "1"))
    assert [stream.in_parts for stream in failed] == [False, True, True]
    assert backend.counts.read()["watches_resumed"] == 2
    [warning] = [message for message in caplog.messages if "watch" in message]
    assert "larger than max" in warning
