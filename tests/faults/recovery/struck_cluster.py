"""Cluster with the timing of a deployment, whose members or connections are struck by faults."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from typing_extensions import Self

from ska_sdp_sim.stack.etcd import Flag
from tests.faults.recovery.kinds import Fault
from tests.support.cluster import Cluster
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

__all__ = ["StruckCluster"]

AS_DEPLOYED: Mapping[str, Flag] = {
    "heartbeat_interval": None,
    "election_timeout": None,
    "unsafe_no_fsync": None,
}
"""Flags without those that make tests quick. The chart and the local stack set none of them, so
etcd's defaults apply: heartbeats every 100 ms, an election after 1000 ms without, and fsync."""

LATEST_PHASE_S = 0.3
"""Longest random time before a fault, so that it hits the clients at any moment."""


class StruckCluster:
    """Cluster of three members; a context manager.

    Clients use proxies only for faults of the network: a proxy accepts connections also while
    its member is down.

    Args:
        program: etcd program.
        directory: directory of the data.
        chance: source of the random choices.
    """

    def __init__(self, program: str, directory: Path, chance: random.Random) -> None:
        self._cluster = Cluster(program, directory, AS_DEPLOYED)
        self._proxies: list[Proxy] = []
        self._opened = ExitStack()
        self._chance = chance
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        self._opened.callback(self._cluster.stop)
        try:
            self._cluster.start()
            for member in self._cluster.members:
                proxy = Proxy(member.host, member.port)
                self._proxies.append(self._opened.enter_context(proxy))
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def victim(self, fault: Fault) -> int:
        """Wait until all members respond, and return the index of the one to be hit."""
        for member in self._cluster.members:
            wait_until(member.is_ready, 60, "all members respond")
        leader = self._cluster.leader()
        if fault.hits == "leader":
            return leader
        members = [
            each
            for each in range(len(self._cluster.members))
            if fault.hits == "any" or each != leader
        ]
        return self._chance.choice(members)

    def endpoints(self, fault: Fault, victim: int) -> str:
        """Return the endpoints for clients, which use the first one."""
        is_network = fault.way in ("cut", "silence")
        ends = [each.endpoint for each in (self._proxies if is_network else self._cluster.members)]
        first = victim + fault.is_beside
        return ",".join(ends[(first + turn) % len(ends)] for turn in range(len(ends)))

    def others(self, victim: int) -> list[str]:
        """Return the endpoints of the other members, without proxies."""
        members = enumerate(self._cluster.members)
        return [member.endpoint for index, member in members if index != victim]

    def strike(self, fault: Fault, victim: int) -> None:
        """Begin a fault."""
        if fault.way == "cut":
            self._proxies[victim].cut()
        elif fault.way == "silence":
            self._proxies[victim].silence()
        else:
            getattr(self._cluster.members[victim], fault.way)()

    def heal(self, fault: Fault, victim: int) -> None:
        """End a fault; does nothing if it has not begun."""
        member = self._cluster.members[victim]
        if fault.way == "silence":
            self._proxies[victim].release()
        elif fault.way == "pause":
            member.resume()
        elif fault.way == "kill" and not member.running:
            member.start()

    def wait_for_any_moment(self) -> None:
        """Wait for a random time."""
        self._pause.wait(self._chance.uniform(0, LATEST_PHASE_S))
