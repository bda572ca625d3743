"""Options of a watch stream after the end of the previous one."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from ska_sdp_config.drivers.etcd.channel import Channel
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel, grpc_channels
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.drivers.etcd.stream import Ending, Stream
from ska_sdp_config.drivers.etcd.stream_options import StreamOptions, options_after
from ska_sdp_config.drivers.etcd.watchdog import MAX_EXTRA_S, PROBE_DEADLINE_S, Watchdog
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.keys import EVERYTHING
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.stores import RecordingSink, commit, watch_from_now
from tests.support.waiting import wait_until
from tests.support.watch_streams import WATCHDOG, WatchStream, intercept_responses

USUAL = StreamOptions()
SLOW = StreamOptions(PROBE_DEADLINE_S, in_parts=True)
LARGE = StreamOptions(MAX_EXTRA_S, in_parts=True)


class Call:
    """Call without responses."""

    def __iter__(self) -> Any:
        return iter(())

    def cancel(self) -> None:
        pass


@pytest.mark.parametrize(
    ("before", "ended", "attributes", "has_delivered", "expected"),
    [
        (USUAL, Ending.SILENT, {}, False, USUAL),
        (USUAL, Ending.SILENT, {"has_received"}, False, SLOW),
        (USUAL, Ending.SILENT, {"has_received"}, True, USUAL),
        (USUAL, Ending.STALLED, {"has_received"}, False, SLOW),
        (USUAL, None, {"has_received"}, False, USUAL),
        (USUAL, Ending.TOO_LARGE, {}, False, LARGE),
        (USUAL, Ending.TOO_LARGE, {"has_received"}, False, LARGE),
        (USUAL, Ending.TOO_LARGE, {"has_received", "was_complete"}, True, LARGE),
        (SLOW, Ending.SILENT, {"has_received"}, False, StreamOptions(3 * PROBE_DEADLINE_S, True)),
        (SLOW, Ending.SILENT, {"has_received"}, True, SLOW),
        (SLOW, None, {"has_received"}, True, SLOW),
        (SLOW, Ending.SILENT, {"has_received", "was_complete"}, True, USUAL),
        (LARGE, None, {"has_received", "was_complete"}, True, USUAL),
        (LARGE, None, {}, False, LARGE),
    ],
)
def test_options_follow_from_the_end_of_the_stream(
    before: StreamOptions,
    ended: Ending | None,
    attributes: set[str],
    has_delivered: bool,
    expected: StreamOptions,
) -> None:
    stream = Stream(Call(), 1)
    stream.ended = ended
    for name in attributes:
        assert hasattr(stream, name)
        setattr(stream, name, True)
    found = options_after(stream, before, has_delivered=has_delivered, is_lossless=True)
    assert found == expected


def test_stall_changes_no_options_without_a_lossless_watch() -> None:
    stream = Stream(Call(), 1)
    stream.ended, stream.has_received = Ending.STALLED, True
    assert options_after(stream, USUAL, has_delivered=False, is_lossless=False) == USUAL


def test_extra_time_has_a_limit() -> None:
    stream = Stream(Call(), 1)
    stream.ended, stream.has_received = Ending.SILENT, True
    options = USUAL
    for _ in range(10):
        options = options_after(stream, options, has_delivered=False, is_lossless=False)
    assert options == StreamOptions(MAX_EXTRA_S, in_parts=True)


@pytest.mark.parametrize("has_received", [False, True])
def test_deadline_of_the_read_is_longer_only_after_a_response(
    monkeypatch: pytest.MonkeyPatch, has_received: bool
) -> None:
    """A member that is silent from the start is left in the usual time."""
    timeouts: list[float] = []

    def newest_revision(etcd: EtcdClient, channel: Channel, timeout: float) -> int:
        timeouts.append(timeout)
        return 1

    monkeypatch.setattr(EtcdClient, "newest_revision", newest_revision)
    settings = Settings.load("127.0.0.1:1")
    etcd = EtcdClient(settings, Connection(10), grpc_channels(settings))
    channel = GrpcChannel(settings, "127.0.0.1:1")
    stream = Stream(Call(), 1)
    stream.has_received = has_received
    # It is compared with the database at once.
    stream.may_be_regressed = True
    with Watchdog(etcd, channel, stream, list, MAX_EXTRA_S):
        wait_until(lambda: timeouts)
    channel.retire()
    etcd.close()
    assert (timeouts[0] > PROBE_DEADLINE_S) == has_received


@NEWER_ONLY
def test_parts_are_requested_until_the_backlog_is_delivered(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server does not send it whole, and the connection breaks after the first part."""
    streams: list[WatchStream] = []
    broken: list[WatchStream] = []

    def on_response(stream: WatchStream, response: Any) -> None:
        if stream not in streams:
            streams.append(stream)
        if response.ByteSize() > 2_500_000:
            raise CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "received message larger than max")
        # The first part of the second stream passes.
        if len(streams) == 2 and response.events:
            if stream in broken:
                raise CallError(grpc.StatusCode.UNAVAILABLE, "broken")
            broken.append(stream)

    intercept_responses(monkeypatch, on_response)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.3)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    revisions = [commit(other, a="x" * 500_000) for _ in range(16)]
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, revisions[0], sink)
    wait_until(lambda: len(sink.changes) == len(revisions))
    assert [stream.in_parts for stream in streams] == [False, True, True]
    assert not sink.gaps


@NEWER_ONLY
def test_busy_stream_has_the_usual_deadlines_once_the_backlog_is_delivered(
    server: EtcdOf, connect: ConnectTo
) -> None:
    """It is never idle, so no probe compares it with the database."""
    backend, other = connect(server.endpoint), connect(server.endpoint)
    store_watch = backend.store._watch  # type: ignore[attr-defined]  # of this store
    store_watch._options = StreamOptions(MAX_EXTRA_S, in_parts=True)
    sink = watch_from_now(backend)

    def is_complete() -> bool:
        commit(other, a="1")
        return bool(store_watch._stream and store_watch._stream.was_complete)

    wait_until(is_complete)
    assert sink.changes
