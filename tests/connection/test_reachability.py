"""Check whether any server listens, for names with several addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ska_sdp_config.drivers.etcd.reachability import check_listening
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

CLOSED, ALSO_CLOSED, SILENT = "127.0.0.1", "127.0.0.3", "127.0.0.2"


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which one address is silent, and the others reject connections."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind((SILENT, 0))
        server.listen(0)
        address = server.getsockname()
        # Connections beyond the queue of a server receive no reply.
        for _ in range(4):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[1]


def _resolve_to(patch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, (each, port)) for each in addresses]

    patch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("addresses", [[SILENT, CLOSED], [CLOSED, SILENT]])
def test_name_with_a_silent_address_may_have_a_server(
    port: int, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, addresses)
    check_listening(Settings.load(f"several:{port}"))


def test_name_whose_addresses_all_reject_has_none(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, [CLOSED, ALSO_CLOSED])
    with pytest.raises(ConfigConnectionError, match="connection refused"):
        check_listening(Settings.load(f"several:{port}"))
