"""Watch streams whose responses a test reads or changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config.drivers.etcd.channel import WatchCall
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel
from ska_sdp_config.drivers.etcd.login import Metadata

WATCHDOG = "ska_sdp_config.drivers.etcd.watchdog"
"""Module of the intervals at which streams are supervised."""


class WatchStream:
    """Watch over gRPC that passes each response to a function first.

    Attributes:
        in_parts: whether it was requested in parts.
    """

    def __init__(
        self, call: WatchCall, on_response: Callable[[WatchStream, Any], None], *, in_parts: bool
    ) -> None:
        self.in_parts = in_parts
        self._call = call
        self._on_response = on_response

    def __iter__(self) -> Iterator[Any]:
        for response in self._call:
            self._on_response(self, response)
            yield response

    def cancel(self) -> None:
        self._call.cancel()


def intercept_responses(
    monkeypatch: pytest.MonkeyPatch, on_response: Callable[[WatchStream, Any], None]
) -> None:
    """Call a function with each response of each stream, before it is processed.

    If it raises grpc.RpcError, the stream fails.
    """
    open_call = GrpcChannel.watch

    def watch(
        channel: GrpcChannel, from_revision: int, metadata: Metadata, *, in_parts: bool
    ) -> WatchStream:
        call = open_call(channel, from_revision, metadata, in_parts=in_parts)
        return WatchStream(call, on_response, in_parts=in_parts)

    monkeypatch.setattr(GrpcChannel, "watch", watch)
