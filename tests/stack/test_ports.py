"""Free ports for servers that cannot choose one themselves."""

from __future__ import annotations

import socket

from ska_sdp_sim.stack.ports import free_port


def test_free_ports_are_unique() -> None:
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == len(ports)


def listen_on_the_next(server: socket.socket) -> int:
    """Listen on the port that would be returned next; return it."""
    for _ in range(100):
        port = free_port() + 1
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            # In use by another process: try the one after it.
            continue
        server.listen()
        return port
    raise AssertionError("all ports are taken")


def test_port_in_use_is_skipped() -> None:
    with socket.socket() as server:
        taken = listen_on_the_next(server)
        assert free_port() != taken
