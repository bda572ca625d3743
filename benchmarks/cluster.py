"""Cluster of etcd servers on one machine, with etcd's default times and with fsync."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Cluster"]


class Cluster:
    """Running members, stopped on exit.

    Args:
        directory: directory of their data.
        size: number of members.

    Attributes:
        members: the servers.
    """

    def __init__(self, directory: Path, size: int) -> None:
        urls = {f"m{number}": f"http://127.0.0.1:{free_port()}" for number in range(size)}
        self.members = [_Member(directory / name, name, urls) for name in urls]
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            # A member is ready when a majority runs.
            for member in self.members:
                opened.callback(member.stop)
                member.launch()
            for member in self.members:
                member.wait()
            self._closing = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def endpoints(self) -> str:
        """``host:port`` of all members, as a ``Config`` takes them."""
        return ",".join(member.endpoint for member in self.members)

    @property
    def pids(self) -> list[int]:
        """Process of each member."""
        return [member.process.pid for member in self.members]


class _Member(Etcd):
    def __init__(self, directory: Path, name: str, urls: dict[str, str]) -> None:
        super().__init__(
            directory,
            flags={
                "name": name,
                "listen_peer_urls": urls[name],
                "initial_advertise_peer_urls": urls[name],
                "initial_cluster": ",".join(f"{each}={url}" for each, url in urls.items()),
                "log_level": "warn",
            },
        )

    def is_ready(self) -> bool:
        """Return whether it is healthy, which requires a leader."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}/health", timeout=2) as page:
                return bool(json.load(page)["health"] == "true")
        except (OSError, ValueError):
            return False
