"""Timing of attempts, and diagnosis of those that fail, over gRPC and over the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc

from ska_sdp_config.drivers.etcd.diagnosis import fault_of
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.backoff import growing_pauses
from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["WATCH_PROVEN_AFTER_S", "PermanentFaults", "call_pauses", "time_share", "watch_pauses"]

CALL_BACKOFF_FIRST_S = 0.02
CALL_BACKOFF_MAX_S = 0.3

WATCH_BACKOFF_FIRST_S = 0.05
WATCH_BACKOFF_MAX_S = 2.0

WATCH_PROVEN_AFTER_S = 1.0
"""Age at which a watch stream resets the backoff even if it delivered no changes."""

FIRST_ATTEMPT_SHARE = 2 / 3
"""Share of its time that a call spends on the first connection to the only member."""

MAX_DIAGNOSIS_S = 1.0


def call_pauses() -> Iterator[float]:
    """Yield the pauses between attempts of a call, in seconds."""
    return growing_pauses(CALL_BACKOFF_FIRST_S, CALL_BACKOFF_MAX_S)


def watch_pauses() -> Iterator[float]:
    """Yield the pauses before a watch stream is replaced, in seconds."""
    return growing_pauses(WATCH_BACKOFF_FIRST_S, WATCH_BACKOFF_MAX_S)


def time_share(members: int, attempts: int) -> float:
    """Return the share of the remaining time to spend on the next attempt.

    A member that does not respond must leave time for the other members. If there is only one
    member, the connection to it may be dead, so some time is left for another connection.

    Args:
        members: number of members of the cluster.
        attempts: number of attempts made so far.
    """
    if members == 1 and not attempts:
        return FIRST_ATTEMPT_SHARE
    return 1 / max(1, members - attempts)


class PermanentFaults:
    """Faults found during one call that a retry does not cure, such as an invalid certificate.

    Args:
        settings: endpoints and credentials.
        end: when the call times out, on the monotonic clock.
    """

    def __init__(self, settings: Settings, end: float) -> None:
        self._settings = settings
        self._end = end
        self._by_endpoint: dict[str, str | None] = {}

    def discard(self, endpoint: str) -> None:
        """Forget the fault of an endpoint that accepted a connection or timed out."""
        self._by_endpoint.pop(endpoint, None)

    def diagnose(self, endpoint: str, exc: grpc.RpcError) -> None:
        """Diagnose an endpoint that rejected a connection, once per call.

        Raises:
            ConfigConnectionError: every endpoint has a permanent fault.
        """
        # No time remains if this process was suspended during the attempt.
        remaining = self._end - time.monotonic()
        if endpoint not in self._by_endpoint and remaining > 0:
            seconds = min(MAX_DIAGNOSIS_S, remaining / 3)
            self._by_endpoint[endpoint] = fault_of(self._settings, endpoint, exc, seconds)
        faults = [fault for fault in self._by_endpoint.values() if fault]
        if len(faults) == len(self._settings.endpoints):
            raise ConfigConnectionError(" ".join(faults)) from exc
