"""Watch streams whose responses a test reads or changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd

__all__ = ["WATCHDOG", "WatchStream", "intercept_responses"]

WATCHDOG = "ska_sdp_config.drivers.etcd.grpc.stream_watchdog"
"""Module of the intervals at which streams are supervised."""


class WatchStream:
    """gRPC call of a watch; passes each response to a function first."""

    def __init__(self, call: Any, on_response: Callable[[WatchStream, Any], None]) -> None:
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
    """Call a function with each response of each stream, before it is processed."""
    open_call = Etcd.watch

    def watch(etcd: Etcd, channel: Channel, requests: Iterator[Any]) -> WatchStream:
        return WatchStream(open_call(etcd, channel, requests), on_response)

    monkeypatch.setattr(Etcd, "watch", watch)
