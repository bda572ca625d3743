"""Timing of attempts."""

from __future__ import annotations

from collections.abc import Iterator

from ska_sdp_config.store.backoff import growing_pauses

__all__ = ["WATCH_PROVEN_AFTER_S", "call_pauses", "time_share", "watch_pauses"]

CALL_BACKOFF_FIRST_S = 0.02
CALL_BACKOFF_MAX_S = 0.3

WATCH_BACKOFF_FIRST_S = 0.05
WATCH_BACKOFF_MAX_S = 2.0

WATCH_PROVEN_AFTER_S = 1.0
"""Age at which a watch stream resets the backoff even if it delivered no changes."""

FIRST_ATTEMPT_SHARE = 2 / 3
"""Share of its time that a call spends on the first connection to the only member."""


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
