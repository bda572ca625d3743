"""Kinds of faults whose recovery is measured, with the limits of the recovery times."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["FAULTS", "Fault"]

CUT_LIMIT_S = 1.0
FOLLOWER_LIMIT_S = 0.5
LEADER_LIMIT_S = 3.0
SILENCE_LIMIT_S = 5.0
WATCHED_SILENCE_LIMIT_S = 5.5


class Fault(NamedTuple):
    """A kind of fault.

    Attributes:
        name: its name in the table.
        hits: the member that it hits.
        way: ``cut`` resets the connections of the clients, ``silence`` loses all that is sent on
            them, ``kill`` and ``pause`` send SIGKILL and SIGSTOP to the member.
        limit_s: limit of the 90th percentile of the recovery times of clients, in seconds.
        watchers_limit_s: the same of watchers.
        is_beside: whether the clients use another member than the one that is hit.
    """

    name: str
    hits: Literal["any", "follower", "leader"]
    way: Literal["cut", "silence", "kill", "pause"]
    limit_s: float
    watchers_limit_s: float
    is_beside: bool = False


FAULTS = (
    Fault("connection cut", "any", "cut", CUT_LIMIT_S, CUT_LIMIT_S),
    Fault("follower killed", "follower", "kill", FOLLOWER_LIMIT_S, FOLLOWER_LIMIT_S),
    Fault("leader killed", "leader", "kill", LEADER_LIMIT_S, LEADER_LIMIT_S),
    Fault(
        "leader killed, not used", "leader", "kill", LEADER_LIMIT_S, LEADER_LIMIT_S, is_beside=True
    ),
    Fault("follower paused", "follower", "pause", SILENCE_LIMIT_S, WATCHED_SILENCE_LIMIT_S),
    Fault("leader paused", "leader", "pause", SILENCE_LIMIT_S, WATCHED_SILENCE_LIMIT_S),
    Fault("network silent", "any", "silence", SILENCE_LIMIT_S, WATCHED_SILENCE_LIMIT_S),
)
