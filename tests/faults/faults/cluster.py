"""Faults of the members of the etcd cluster, and of the network between them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import grpc
from pyetcd import etcdrpc

from tests.faults.faults.fault import Fault, FaultNotPossibleError
from tests.faults.faults.names import DEFRAGMENTATION
from tests.support.cluster import Cluster, Member, raw

__all__ = ["MembersFault", "PartitionFault", "Roles", "cluster_faults", "defragment"]

CALL_TIMEOUT_S = 5.0
"""Timeout of calls to a member, in seconds."""

SHORT_S = (0.5, 3.0)
OUTAGE_S = (0.3, 2.0)
DETECTED_S = (0.5, 7.0)
"""Duration of a silence that clients detect at times; it takes them up to five seconds."""

Choose = Callable[[], Sequence[int]]
"""Returns the indices of the members that a fault concerns."""


def defragment(member: Member) -> None:
    """Defragment the database of a member, which does not respond meanwhile.

    Raises:
        grpc.RpcError: the member does not respond, or not in time.
    """
    with raw(member.endpoint) as channel:
        upkeep = etcdrpc.MaintenanceStub(channel)
        upkeep.Defragment(etcdrpc.DefragmentRequest(), timeout=CALL_TIMEOUT_S)


@dataclass
class MembersFault:
    """Members that are killed or paused, and started or resumed together.

    Attributes:
        choose: chooses them.
        strike: what is done to each at the start.
        heal: what is done to each at the end; it has no effect on one that was not struck.
        struck: those of the last ``begin``.
    """

    name: str
    lasts_s: tuple[float, float]
    cluster: Cluster
    choose: Choose
    strike: Callable[[Member], None]
    heal: Callable[[Member], None]
    struck: list[Member] = field(default_factory=list)

    def begin(self) -> None:
        self.struck = []
        for index in self.choose():
            member = self.cluster.members[index]
            # Before the strike, which may be half done when it raises.
            self.struck.append(member)
            self.strike(member)

    def end(self) -> None:
        for member in self.struck:
            self.heal(member)


@dataclass
class PartitionFault:
    """Member that the others do not reach, that does not reach them, or both.

    Attributes:
        choose: chooses it.
        strike: separates it.
        heal: ends the partition.
        struck: index of the member.
    """

    name: str
    lasts_s: tuple[float, float]
    choose: Choose
    strike: Callable[[int], None]
    heal: Callable[[], None]
    struck: int = 0

    def begin(self) -> None:
        (self.struck,) = self.choose()
        self.strike(self.struck)

    def end(self) -> None:
        self.heal()


@dataclass
class Defragmentation:
    """Defragmentation of all members, one after the other; each does not respond meanwhile."""

    cluster: Cluster
    name: str = DEFRAGMENTATION
    lasts_s: tuple[float, float] = (0.1, 0.2)

    def begin(self) -> None:
        unavailable = []
        for member in self.cluster.members:
            try:
                defragment(member)
            except grpc.RpcError as error:
                # Any other error may be that of a member which defragments.
                if error.code() is grpc.StatusCode.UNAVAILABLE:
                    unavailable.append(str(error))
        if len(unavailable) == len(self.cluster.members):
            raise FaultNotPossibleError(f"no member responds: {unavailable[0]}")

    def end(self) -> None:
        """Do nothing: it has ended."""


class Roles:
    """Choice of members by their present role.

    Args:
        cluster: the cluster.
        chance: source of random choices.
    """

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster = cluster
        self._chance = chance

    def leader(self) -> list[int]:
        """Choose the leader."""
        leaders = self._cluster.leaders()
        if len(leaders) != 1:
            raise FaultNotPossibleError(f"{len(leaders)} members lead")
        return leaders

    def follower(self) -> Sequence[int]:
        """Choose a follower."""
        return [self._chance.choice(self._others(self.leader()))]

    def majority(self) -> Sequence[int]:
        """Choose the leader and a follower, or both followers."""
        leader = self.leader()
        followers = self._others(leader)
        if self._chance.random() < 0.5:
            return followers
        return [*leader, self._chance.choice(followers)]

    def every(self) -> Sequence[int]:
        """Choose all members."""
        return range(len(self._cluster.members))

    def _others(self, chosen: Sequence[int]) -> list[int]:
        return [index for index in self.every() if index not in chosen]


def cluster_faults(cluster: Cluster, chance: random.Random) -> list[Fault]:
    """Return the faults of a cluster, of which only one may be in effect at a time."""
    roles = Roles(cluster, chance)
    chosen: dict[str, Choose] = {
        "leader": roles.leader,
        "follower": roles.follower,
        "majority": roles.majority,
        "all members": roles.every,
    }
    faults: list[Fault] = [Defragmentation(cluster)]
    for who, choose in chosen.items():
        is_outage = who in ("majority", "all members")
        for what, lasts_s, strike, heal in (
            ("killed", SHORT_S, Member.kill, Member.revive),
            ("paused", DETECTED_S, Member.pause, Member.resume),
        ):
            lasts = OUTAGE_S if is_outage else lasts_s
            faults.append(MembersFault(f"{who} {what}", lasts, cluster, choose, strike, heal))
    for who, choose in (("leader", roles.leader), ("follower", roles.follower)):
        for what, separate, join in (
            ("isolated", cluster.isolate, cluster.join),
            ("only receives", partial(cluster.hold, outgoing=True), cluster.release),
            ("only sends", partial(cluster.hold, incoming=True), cluster.release),
        ):
            faults.append(PartitionFault(f"{who} {what}", SHORT_S, choose, separate, join))
    return faults
