"""gRPC channel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.channel import Channel, ChannelClosed, MakeChannel
from ska_sdp_config.drivers.etcd.codec import watch_request
from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.fragments import is_fragment, whole_revisions
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["GrpcChannel", "grpc_channels"]

OPTIONS = [
    # A page of large values, or up to 1000 revisions of a watch, is one message.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Reconnect soon after a restart of the server; abandon a stuck handshake.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Detect a dead peer. etcd closes connections that send pings more often.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
    # Each Config owns its connections and closes them.
    ("grpc.use_local_subchannel_pool", 1),
]

STREAMS = {
    ("Watch", "Watch"): (etcdrpc.WatchRequest, etcdrpc.WatchResponse),
    ("Lease", "LeaseKeepAlive"): (etcdrpc.LeaseKeepAliveRequest, etcdrpc.LeaseKeepAliveResponse),
}
"""Bidirectional methods that are called as if they took one request, with their types.

gRPC starts a thread to send a stream of requests. After a single request the stream of requests
ends; etcd answers all the same, a watch until it is cancelled.
"""

_used_in: int | None = None
"""PID of the process in which gRPC was first used."""

_LEFT_BY_A_FORK: list[grpc.Channel] = []
"""Channels of the parent process. Closing or deallocating them may hang in gRPC."""


class GrpcChannel(Channel):
    """Channel over gRPC; see Channel.

    Raises:
        ConfigConnectionError: gRPC does not work in this process, which was forked.
    """

    def __init__(self, settings: Settings, endpoint: str) -> None:
        self._pid = os.getpid()
        _check_fork()
        super().__init__(endpoint)
        self._grpc_channel = _open(settings, endpoint)
        self._methods: dict[tuple[str, str], Any] = {}

    def call(
        self, service: str, method: str, request: Any, timeout: float, metadata: Metadata
    ) -> Any:
        """Make a call; see Channel."""
        make_call = self.method(service, method)
        try:
            answer = make_call(request, timeout=timeout, metadata=metadata)
        except ValueError as exc:
            raise self._closed_or(exc) from exc
        if (service, method) not in STREAMS:
            return answer
        try:
            for response in answer:
                return response
        finally:
            answer.cancel()
        raise CallError(grpc.StatusCode.UNAVAILABLE, "the stream ended without a response")

    def watch(
        self, from_revision: int, metadata: Metadata, *, in_parts: bool = False
    ) -> GrpcWatch:
        """Start a watch; see Channel."""
        make_call = self.method("Watch", "Watch")
        try:
            request = watch_request(from_revision, in_parts=in_parts)
            return GrpcWatch(make_call(request, metadata=metadata))
        except ValueError as exc:
            raise self._closed_or(exc) from exc

    def method(self, service: str, method: str) -> Any:
        """Return the callable of a method, such as ``Range`` of the service ``KV``.

        Raises:
            ChannelClosed: the channel was closed.
        """
        call = self._methods.get((service, method))
        if call is None:
            # Creating a stub while the channel is being closed crashes the process.
            with self._lock:
                if self._closed:
                    raise ChannelClosed
                call = _method(self._grpc_channel, service, method)
                self._methods[service, method] = call
        return call

    def _close(self) -> None:
        self._grpc_channel.close()

    def _closed_or(self, exc: ValueError) -> Exception:
        # gRPC raises ValueError on a closed channel.
        return ChannelClosed() if self._closed else exc

    # Default arguments: the module's names may be gone at the end of the interpreter.
    def __del__(self, getpid: Callable[[], int] = os.getpid, kept: Any = _LEFT_BY_A_FORK) -> None:
        """Keep the channel in a forked child: the parent process owns it."""
        if self._pid != getpid():
            kept.append(self._grpc_channel)


class GrpcWatch:
    """Watch over gRPC; see WatchCall."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        return whole_revisions((response, is_fragment(response)) for response in self._call)

    def cancel(self) -> None:
        """End the call; see WatchCall."""
        self._call.cancel()


def grpc_channels(settings: Settings) -> MakeChannel:
    """Return the function that creates channels."""
    return partial(GrpcChannel, settings)


def _method(grpc_channel: grpc.Channel, service: str, method: str) -> Any:
    if (service, method) not in STREAMS:
        return getattr(getattr(etcdrpc, f"{service}Stub")(grpc_channel), method)
    request, response = STREAMS[service, method]
    return grpc_channel.unary_stream(
        f"/etcdserverpb.{service}/{method}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )


def _check_fork() -> None:
    """Reject a forked child: gRPC's threads do not survive a fork."""
    global _used_in
    if _used_in is None:
        _used_in = os.getpid()
    if _used_in != os.getpid():
        # gRPC's own support of forks hangs in some children, if it is enabled.
        raise ConfigConnectionError(
            "This process was forked from one that had used the database, and gRPC does not "
            "work in it: start it with multiprocessing's method 'spawn' or 'forkserver'."
        )


def _open(settings: Settings, endpoint: str) -> grpc.Channel:
    if not settings.secure:
        return grpc.insecure_channel(endpoint, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(settings.ca, settings.key, settings.certificate)
    return grpc.secure_channel(endpoint, credentials, options=OPTIONS)
