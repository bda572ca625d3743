"""Ports for servers that cannot choose one themselves."""

from __future__ import annotations

import socket

from ska_sdp_lmc.stack.ports import free_port


def test_what_draws_several_is_never_given_one_twice() -> None:
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == len(ports)


def test_a_port_in_use_is_not_given() -> None:
    with socket.socket() as server:
        begin = free_port()
        server.bind(("127.0.0.1", begin + 1))
        server.listen()
        assert free_port() != begin + 1
