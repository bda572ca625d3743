"""One gRPC channel to one member of a cluster."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["Channel"]

OPTIONS = [
    # A watch that resumes gets its whole backlog in one message.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Come back soon after the server does, and leave a peer that does not shake hands.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Notice a peer that is gone without a word. etcd forbids to ask more often.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
    # Each Config has connections of its own, and closes them.
    ("grpc.use_local_subchannel_pool", 1),
]

_used_in: int | None = None
"""The process in which gRPC was first used."""

_LEFT_BY_A_FORK: list[grpc.Channel] = []
"""Channels of the parent process. To close them, or let go of them, may hang in gRPC."""


class Channel:
    """A channel that many threads use. It is closed when it is retired and no call uses it.

    Attributes:
        endpoint: ``host:port`` of the member.
        heard: when, on the monotonic clock, something was last heard on it.

    Raises:
        ConfigConnectionError: gRPC does not work in this process, which was forked.
    """

    def __init__(self, settings: Settings, endpoint: str) -> None:
        _check_fork()
        self.endpoint = endpoint
        self.heard = time.monotonic()
        self._grpc_channel = _open(settings, endpoint)
        self._methods: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._closed = False

    @property
    def retired(self) -> bool:
        """Whether another took its place."""
        return self._retired

    def method(self, service: str, method: str) -> Any:
        """Get what makes a call, such as of the service ``KV`` the method ``Range``.

        Raises:
            ValueError: it was closed, in gRPC's own way.
        """
        call = self._methods.get((service, method))
        if call is None:
            # A stub made on a channel while that is being closed crashes the process.
            with self._lock:
                if self._closed:
                    raise ValueError("The channel was closed.")
                stub = getattr(etcdrpc, f"{service}Stub")(self._grpc_channel)
                call = self._methods[service, method] = getattr(stub, method)
        return call

    def borrow(self) -> None:
        """Begin to use it."""
        with self._lock:
            self._users += 1

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        """End to use it."""
        with self._lock:
            self._users -= 1
            is_over = self._retired and not self._users
            self._closed = self._closed or is_over
        if is_over:
            self._grpc_channel.close()

    def retire(self) -> None:
        """Let calls in progress end, and close it then."""
        with self._lock:
            is_over = not self._retired and not self._users
            self._retired = True
            self._closed = self._closed or is_over
        if is_over:
            self._grpc_channel.close()

    def close(self) -> None:
        """Close it at once; calls in progress are cancelled."""
        with self._lock:
            self._retired = self._closed = True
        self._grpc_channel.close()

    def leave_to_parent(self) -> None:
        """Keep hands off it: it belongs to the process that this one was forked from."""
        _LEFT_BY_A_FORK.append(self._grpc_channel)


def _check_fork() -> None:
    """Remember where gRPC is used; its threads do not come along when a process is forked."""
    global _used_in
    if _used_in is None:
        _used_in = os.getpid()
    if _used_in != os.getpid():
        # gRPC's own support of forks, where it is switched on, hangs in some of them.
        raise ConfigConnectionError(
            "This process was forked from one that had used the database, and gRPC does not "
            "work in it: start it with multiprocessing's method 'spawn' or 'forkserver'."
        )


def _open(settings: Settings, endpoint: str) -> grpc.Channel:
    if not settings.secure:
        return grpc.insecure_channel(endpoint, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(settings.ca, settings.key, settings.certificate)
    return grpc.secure_channel(endpoint, credentials, options=OPTIONS)
