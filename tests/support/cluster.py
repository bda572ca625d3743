"""Cluster of three etcd servers, and calls to a server without the library."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import grpc
from pyetcd import etcdrpc

from ska_sdp_sim.stack.etcd import Flag
from ska_sdp_sim.stack.ports import free_port
from tests.services.versions import EtcdOf
from tests.support.proxy import Connection, Proxy
from tests.support.waiting import CALL, wait_until


class Member(EtcdOf):
    """Member of a cluster, which the other members reach through a proxy.

    Args:
        name: name of the member.
        peers: proxies of all members, by name.
        flags: further flags of etcd.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        name: str,
        peers: Mapping[str, PeerProxy],
        flags: Mapping[str, Flag],
    ) -> None:
        urls = {each: f"http://{proxy.endpoint}" for each, proxy in peers.items()}
        super().__init__(
            program,
            directory,
            flags={
                "name": name,
                # A busy machine must not lose its leader.
                "heartbeat_interval": 50,
                "election_timeout": 500,
                "listen_peer_urls": f"http://127.0.0.1:{peers[name].target[1]}",
                "initial_advertise_peer_urls": urls[name],
                "initial_cluster": ",".join(f"{each}={url}" for each, url in urls.items()),
                **flags,
            },
        )
        self._member = name

    def revive(self) -> None:
        """Start it unless it runs."""
        if not self.running:
            self.launch()


class PeerProxy(Proxy):
    """Proxy of a member for the others, whose requests contain the ID of their sender."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", free_port())
        self._sources: dict[Connection, bytes] = {}
        self._unwanted: set[bytes] = set()

    def keep_out(self, members: Collection[int]) -> None:
        """Reject connections of the members with these IDs; cut all others once."""
        self._unwanted = {b"%x" % member for member in members}
        self.cut()

    def hold_from(self, member: int, *, up: bool, down: bool) -> None:
        """Hold back data on the open connections that the member with this ID has opened."""

        def hold(connection: Connection) -> None:
            if self._sources.get(connection) != b"%x" % member:
                return
            if up:
                connection.up.hold()
            if down:
                connection.down.hold()

        self._for_each(hold)

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        sender = re.search(rb"X-Server-From: ([0-9a-f]+)", data)
        if sender:
            self._sources[connection] = sender[1]
        return self._sources.get(connection) not in self._unwanted


class Cluster:
    """Three members ``a``, ``b`` and ``c``, in this order.

    Args:
        program: path of etcd.
        directory: directory of the members' directories.
        flags: further flags of etcd by name.

    Attributes:
        members: the members.
        ids: IDs of the members by name, known when all have started.
        endings: a report of each member that ``revive`` started.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        flags: Mapping[str, Flag] = MappingProxyType({}),
    ) -> None:
        self.ids: dict[str, int] = {}
        self.endings: list[str] = []
        self._proxies = {name: PeerProxy() for name in "abc"}
        self._opened = ExitStack()
        for proxy in self._proxies.values():
            self._opened.enter_context(proxy)
        self.members = [
            Member(program, directory / name, name, self._proxies, flags) for name in self._proxies
        ]

    def start(self) -> None:
        for member in self.members:
            member.launch()
        for member in self.members:
            member.wait()
        # Read now: a member may not respond when a partition begins.
        with raw(self.members[0].endpoint) as channel:
            response = etcdrpc.ClusterStub(channel).MemberList(
                etcdrpc.MemberListRequest(), timeout=CALL
            )
        self.ids = {member.name: member.ID for member in response.members}

    def revive(self) -> None:
        """Start the members that have ended by themselves."""
        for member in self.members:
            if not member.running:
                self.endings.append(member.process.failure_report(member.process.ending))
                member.launch()

    def stop(self) -> None:
        for member in self.members:
            member.kill()
        self._opened.close()

    def isolate(self, index: int) -> None:
        """Isolate a member from the others, not from its clients."""
        for name, proxy in self._proxies.items():
            alone = name == "abc"[index]
            proxy.keep_out([self.ids[each] for each in "abc" if alone or each == "abc"[index]])

    def join(self) -> None:
        """End the isolation."""
        for proxy in self._proxies.values():
            proxy.keep_out([])

    def hold(self, index: int, *, outgoing: bool = False, incoming: bool = False) -> None:
        """Hold back what a member sends to the others, or what they send to it, or both.

        A member opens streams on which it receives, and sends requests to the others. So data of
        each direction are on connections of both sides.
        """
        member = "abc"[index]
        for name, proxy in self._proxies.items():
            if name == member:
                proxy.hold(up=incoming, down=outgoing)
            else:
                proxy.hold_from(self.ids[member], up=outgoing, down=incoming)

    def release(self) -> None:
        """Forward what was held back, and everything later."""
        for proxy in self._proxies.values():
            proxy.release()

    @property
    def endpoints(self) -> str:
        return ",".join(member.endpoint for member in self.members)

    def leader(self) -> int:
        """Wait for a leader and return its index."""
        return wait_until(self.leaders, what="a leader")[0]

    def leaders(self) -> list[int]:
        """Return the indices of the members that lead; an isolated one may still do so."""
        leaders = []
        for index, member in enumerate(self.members):
            with raw(member.endpoint) as channel, suppress(grpc.RpcError):
                status = etcdrpc.MaintenanceStub(channel).Status(
                    etcdrpc.StatusRequest(), timeout=2
                )
                if status.leader == status.header.member_id:
                    leaders.append(index)
        return leaders

    def hand_over(self, to: int) -> None:
        """Move the leadership to a member; a busy cluster may elect another one meanwhile."""

        def is_done() -> bool:
            leader = self.leader()
            if leader != to:
                with raw(self.members[leader].endpoint) as channel, suppress(grpc.RpcError):
                    etcdrpc.MaintenanceStub(channel).MoveLeader(
                        etcdrpc.MoveLeaderRequest(targetID=self.ids["abc"[to]]), timeout=5
                    )
            return leader == to

        wait_until(is_done, 60, f"member {to} leads")


@contextmanager
def raw(endpoint: str) -> Iterator[grpc.Channel]:
    """Open a channel for calls that the library does not make."""
    with grpc.insecure_channel(
        endpoint, options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        yield channel
