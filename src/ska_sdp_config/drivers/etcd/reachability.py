"""Test whether any server of a cluster listens, without gRPC, whose import takes long."""

from __future__ import annotations

import errno
import socket
from typing import Any

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["check_listening"]

MAX_WAIT_S = 0.2
"""Longest wait for a member. One that is silent may be slow, or hidden by a firewall."""


def check_listening(settings: Settings) -> None:
    """Check that there is a member at which it is not certain that no server listens.

    Members, and the addresses of each, are tried in turn, up to the first that accepts the
    connection or is silent.

    Raises:
        ConfigConnectionError: at all addresses the answer is: connection refused.
    """
    if not any(map(_may_listen, settings.endpoints)):
        raise ConfigConnectionError(
            f"The database at {settings.address} cannot be reached (connection refused): check "
            "that etcd runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT."
        )


def _may_listen(endpoint: str) -> bool:
    host, _, port = endpoint.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        # An unknown host, which may be temporary.
        return True
    return any(_may_accept(family, address) for family, _, _, _, address in found)


def _may_accept(family: int, address: Any) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(MAX_WAIT_S)
            connection.connect(address)
    except ConnectionRefusedError:
        return False
    except OSError as exc:
        # Unreachable or silent, which may be temporary. On a machine without IPv6, the IPv6
        # address of localhost is neither.
        return exc.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True
