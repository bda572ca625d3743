"""Channel to one member of a cluster: the transport of requests and watches."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ska_sdp_config.drivers.etcd.login import Metadata

__all__ = ["Channel", "ChannelClosed", "MakeChannel", "WatchCall"]


class ChannelClosed(Exception):
    """The channel was closed."""


class WatchCall(Protocol):
    """Watch on all keys of the store. All its methods may be called from any thread."""

    def __iter__(self) -> Iterator[Any]:
        """Yield etcd's watch responses, each with all events of its revisions.

        Parts of a large response are responses too, some of them without events.

        Raises:
            grpc.RpcError: the call failed or was cancelled.
        """

    def cancel(self) -> None:
        """End the call."""


class Channel(ABC):
    """Reference-counted channel, shared by threads. Once retired, its last user closes it.

    Attributes:
        endpoint: ``host:port`` of the member.
        last_received: time of the last response, on the monotonic clock.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.last_received = time.monotonic()
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._closed = False

    @abstractmethod
    def call(
        self, service: str, method: str, request: Any, timeout: float, metadata: Metadata
    ) -> Any:
        """Make a call, and return its first response.

        Args:
            service: name of the service, such as ``KV``.
            method: name of the method, such as ``Range``.
            request: the request message.
            timeout: timeout, in seconds.
            metadata: sent with the request.

        Raises:
            grpc.RpcError: the call timed out, failed or was rejected.
            ChannelClosed: the channel was closed before the call.
        """

    @abstractmethod
    def watch(
        self, from_revision: int, metadata: Metadata, *, in_parts: bool = False
    ) -> WatchCall:
        """Start a watch on all keys, without waiting for the member.

        Args:
            from_revision: the first revision.
            metadata: sent with the request.
            in_parts: whether to request large responses in parts.

        Raises:
            ChannelClosed: the channel was closed.
        """

    @abstractmethod
    def _close(self) -> None:
        """Close the connection, ending calls in progress."""

    @property
    def retired(self) -> bool:
        """Whether another channel has replaced it."""
        return self._retired

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
            self._close()

    def retire(self) -> None:
        """Close the channel once the calls in progress have ended."""
        with self._lock:
            is_over = not self._retired and not self._users
            self._retired = True
            self._closed = self._closed or is_over
        if is_over:
            self._close()

    def close(self) -> None:
        """Close the channel at once, ending calls in progress."""
        with self._lock:
            self._retired = self._closed = True
        self._close()


MakeChannel = Callable[[str], Channel]
"""Function that creates a channel to an endpoint, which connects on first use.

Raises ConfigConnectionError if the transport does not work in this process.
"""
