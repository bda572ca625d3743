"""The proxy of the tests itself."""

from __future__ import annotations

import gc
import socket
import sys
from contextlib import ExitStack

import pytest

from tests.support.proxy import Proxy

DISCARD_PORT = 9


def test_proxy_closes_connections_accepted_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    leaks: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", leaks.append)
    for _ in range(50):
        with ExitStack() as clients, Proxy("127.0.0.1", DISCARD_PORT) as proxy:
            for _ in range(3):
                client = clients.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex((proxy.host, proxy.port))
    gc.collect()
    assert leaks == []
