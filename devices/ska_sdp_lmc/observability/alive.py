"""Health check of the container: requests ``/livez`` of the server process.

``python -m ska_sdp_lmc.observability.alive`` exits with 0 if the process is alive, otherwise
with 1 and a message.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.error
import urllib.request

__all__ = ["fault"]

PORT = "SDP_LMC_HEALTH_PORT"
ADDRESS = "SDP_LMC_HEALTH_ADDRESS"
TIMEOUT = 3.0
"""Seconds; below the timeout of HEALTHCHECK in the Dockerfile."""

_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to connect to for a process that listens on all addresses."""


def fault(port: str, address: str = "") -> str | None:
    """Request ``/livez`` on a port of this machine.

    Args:
        port: port of the endpoint; empty or ``0`` if it is disabled.
        address: address that the process listens on; empty for all.

    Returns:
        None if the process is alive or its endpoint is disabled, else the reason.
    """
    if port in ("", "0"):
        return None
    address = _LOOPBACK.get(address, address)
    host = f"[{address}]" if ":" in address else address
    url = f"http://{host}:{port}/livez"
    # A proxy from the environment must not be used for a local address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        words = error.read(1_000).decode(errors="replace").strip()
        return f"{url} returned {error.code}: {words}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"


if __name__ == "__main__":
    sys.exit(fault(os.environ.get(PORT, ""), os.environ.get(ADDRESS, "")))
