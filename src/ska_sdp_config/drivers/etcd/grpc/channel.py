"""Reference-counted gRPC channel to a member of a cluster."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["Channel"]

OPTIONS = [
    # A resumed watch receives its whole backlog in one message.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Reconnect soon after a restart of the server; give up on a stuck handshake.
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

_used_in: int | None = None
"""PID of the process in which gRPC was first used."""

_LEFT_BY_A_FORK: list[grpc.Channel] = []
"""Channels of the parent process. Closing or deallocating them may hang in gRPC."""


class Channel:
    """Channel shared by threads. It is closed once it is retired and no call uses it.

    Attributes:
        endpoint: ``host:port`` of the member.
        last_received: time of the last response, on the monotonic clock.

    Raises:
        ConfigConnectionError: gRPC does not work in this process, which was forked.
    """

    def __init__(self, settings: Settings, endpoint: str) -> None:
        self._pid = os.getpid()
        _check_fork()
        self.endpoint = endpoint
        self.last_received = time.monotonic()
        self._grpc_channel = _open(settings, endpoint)
        self._methods: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._closed = False

    @property
    def retired(self) -> bool:
        """Whether another channel has replaced it."""
        return self._retired

    def method(self, service: str, method: str) -> Any:
        """Return the callable of a method, such as ``Range`` of the service ``KV``.

        Raises:
            ValueError: the channel was closed; gRPC raises the same.
        """
        call = self._methods.get((service, method))
        if call is None:
            # Creating a stub while the channel is being closed crashes the process.
            with self._lock:
                if self._closed:
                    raise ValueError("The channel was closed.")
                stub = getattr(etcdrpc, f"{service}Stub")(self._grpc_channel)
                call = self._methods[service, method] = getattr(stub, method)
        return call

    def borrow(self) -> None:
        """Acquire the channel."""
        with self._lock:
            self._users += 1

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        """Release the channel."""
        with self._lock:
            self._users -= 1
            is_over = self._retired and not self._users
            self._closed = self._closed or is_over
        if is_over:
            self._grpc_channel.close()

    def retire(self) -> None:
        """Close the channel once the calls in progress have ended."""
        with self._lock:
            is_over = not self._retired and not self._users
            self._retired = True
            self._closed = self._closed or is_over
        if is_over:
            self._grpc_channel.close()

    def close(self) -> None:
        """Close the channel at once, cancelling calls in progress."""
        with self._lock:
            self._retired = self._closed = True
        self._grpc_channel.close()

    # Default arguments: the module's names may be gone at the end of the interpreter.
    def __del__(self, getpid: Callable[[], int] = os.getpid, kept: Any = _LEFT_BY_A_FORK) -> None:
        """Keep the channel in a forked child: the parent process owns it."""
        if self._pid != getpid():
            kept.append(self._grpc_channel)


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
