"""Number of requests, as counted by the server."""

from __future__ import annotations

import urllib.request

from .measure import Row

__all__ = ["counted", "kv_calls"]

HANDLED = b'grpc_server_handled_total{grpc_code="OK",grpc_method='
KV = b'grpc_service="etcdserverpb.KV"'


def kv_calls(address: str) -> int:
    """Return the number of KV calls that a server has completed since its start.

    Args:
        address: its ``host:port``.
    """
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        lines = response.read().splitlines()
    return sum(
        int(float(line.split()[-1])) for line in lines if line.startswith(HANDLED) and KV in line
    )


def counted(work: str, trips: list[float], at_most: float) -> Row:
    """Return a row of counts, compared with a single round trip.

    Args:
        work: description of the work.
        trips: round trips of each run.
        at_most: upper limit.
    """
    worst = max(trips)
    return Row(work, worst / 1e3, 1 / 1e3, worst, (min(trips), worst), at_most, unit="round trips")
