"""The health check of the container: asks the server process beside it whether it lives.

``python -m ska_sdp_lmc.observability.alive`` ends with 0 if it does, else with 1 and a sentence.
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
"""Seconds; less than what the Dockerfile gives the check."""


_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a process is asked that listens on all addresses."""


def fault(port: str, address: str = "") -> str | None:
    """Ask ``/livez`` on a port of this machine.

    Args:
        port: where; empty or ``0`` is a process that serves no health, which nobody can ask.
        address: the one that it listens on; empty for all.

    Returns:
        None if it lives, else why it is not known to.
    """
    if port in ("", "0"):
        return None
    address = _LOOPBACK.get(address, address)
    host = f"[{address}]" if ":" in address else address
    url = f"http://{host}:{port}/livez"
    # No proxy stands between a process and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        words = error.read(1_000).decode(errors="replace").strip()
        return f"{url} says {error.code}: {words}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"


if __name__ == "__main__":
    sys.exit(fault(os.environ.get(PORT, ""), os.environ.get(ADDRESS, "")))
