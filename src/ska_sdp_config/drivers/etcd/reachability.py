"""Test whether any server of a cluster listens, without gRPC, whose import takes long."""

from __future__ import annotations

import socket

from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["check_listening"]

MAX_WAIT_S = 0.2
"""Longest wait for a member. One that is silent may be slow, or hidden by a firewall."""


def check_listening(settings: Settings) -> None:
    """Check that there is a member at which it is not certain that no server listens.

    Members are tried in turn, up to the first that accepts the connection or is silent.

    Raises:
        ConfigConnectionError: at all members the answer is: connection refused.
    """
    if not any(map(_may_listen, settings.endpoints)):
        raise ConfigConnectionError(
            f"The database at {settings.address} cannot be reached (connection refused): check "
            "that etcd runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT."
        )


def _may_listen(endpoint: str) -> bool:
    host, _, port = endpoint.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), MAX_WAIT_S):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        # Unreachable or silent, which may be temporary; or an unknown host.
        return True
