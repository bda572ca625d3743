"""Members of etcd with the settings of the chart, on this machine."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ska_sdp_config import Config
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.rendering import NAMESPACE, Manifest, Objects, container_of
from tests.chart.substitution import Place, RenderedPart, run_program, write_secret
from tests.services.versions import program_of
from tests.support.waiting import wait_until

Running = Callable[[dict[str, Any]], "Cluster"]
"""Factory of running members, given the values."""

NAME = "sdp-ska-sdp-lmc-etcd"
DOMAIN = f"{NAME}-members.{NAMESPACE}.svc.cluster.local"


def console_of(objects: Objects) -> Manifest:
    return container_of(objects.only("Deployment", "-console"))


def _release(container: Manifest) -> str:
    """Return the release of etcd that a container's image names, without its ``v``."""
    image: str = container["image"]
    return image.rpartition(":v")[2]


class Member(RenderedPart):
    """Member of etcd; ready when its readiness probe passes."""

    def __init__(
        self, number: int, directory: Path, container: Manifest, place: Place, metrics: str
    ) -> None:
        super().__init__(
            f"etcd-{number}", directory, container, place, program_of(_release(container))
        )
        self.metrics = metrics
        self._container = container
        self._place = place
        self.member = f"{NAME}-{number}"
        self.data = directory / str(number) / "data"

    def is_ready(self) -> bool:
        return self.passes("readinessProbe")

    def passes(self, probe: str) -> bool:
        path = self._container[probe]["httpGet"]["path"]
        try:
            with urllib.request.urlopen(f"http://{self.metrics}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait_for_probes(self, *probes: str) -> None:
        """Wait until the probes pass; on a loaded machine a response may be late."""
        for probe in probes:
            wait_until(partial(self.passes, probe), 60, f"{self.name} passes {probe}")

    def argument(self, name: str) -> str:
        (found,) = (word for word in self.command() if word.startswith(f"--{name}="))
        return found.partition("=")[2]


@dataclass
class _Ports:
    client: int
    peer: int
    metrics: int


class Cluster:
    def __init__(self, objects: Objects, directory: Path, certificates: Path) -> None:
        self._directory = directory
        self._ports = [
            _Ports(free_port(), free_port(), free_port())
            for _ in range(objects.only("StatefulSet", "-etcd")["spec"]["replicas"])
        ]
        self._everywhere = {"/etc/etcd-tls": str(certificates)}
        for number, ports in enumerate(self._ports):
            host = f"{NAME}-{number}.{DOMAIN}"
            self._everywhere[f"{host}:2379"] = f"127.0.0.1:{ports.client}"
            self._everywhere[f"{host}:2380"] = f"127.0.0.1:{ports.peer}"
        # The Service selects any member.
        self._everywhere[f"{NAME}.{NAMESPACE}.svc.cluster.local:2379"] = (
            f"127.0.0.1:{self._ports[-1].client}"
        )
        self.take(objects)

    def take(self, objects: Objects) -> None:
        """Replace the members by those of other values, on the same data; none is running."""
        self.objects = objects
        self.place = Place(self._everywhere, objects)
        self.members = self.create_members(objects)

    def place_with(self, replaced: Mapping[str, str]) -> Place:
        """Return the place of the members with more replacements of texts."""
        return Place({**self._everywhere, **replaced}, self.objects)

    def create_members(self, objects: Objects) -> list[Member]:
        """Return the members of other values, on the same data and ports."""
        container = container_of(objects.only("StatefulSet", "-etcd"))
        members = []
        for number, ports in enumerate(self._ports):
            own = {
                "$(SDP_POD_NAME)": f"{NAME}-{number}",
                f"$(SDP_POD_NAME).{DOMAIN}:2379": f"127.0.0.1:{ports.client}",
                f"$(SDP_POD_NAME).{DOMAIN}:2380": f"127.0.0.1:{ports.peer}",
                "0.0.0.0:2379": f"127.0.0.1:{ports.client}",
                "0.0.0.0:2380": f"127.0.0.1:{ports.peer}",
                "0.0.0.0:2381": f"127.0.0.1:{ports.metrics}",
                "/var/lib/etcd": str(self._directory / str(number)),
            }
            place = Place(self._everywhere | own, objects)
            metrics = f"127.0.0.1:{ports.metrics}"
            members.append(Member(number, self._directory, container, place, metrics))
        return members

    def start(self) -> None:
        for member in self.members:
            member.launch()
        for member in self.members:
            member.wait()

    def stop(self) -> None:
        for member in self.members:
            if member.running:
                member.kill()

    def client(self, container: Manifest, **more: str) -> Config:
        """Return a Config with the variables of a container."""
        environment = self.place.environment(container) | more
        given: dict[str, Any] = {
            name.removeprefix("SDP_CONFIG_").lower(): value
            for name, value in environment.items()
            if name.startswith("SDP_CONFIG_")
        }
        # On a loaded machine a member may be late, and an election start again.
        return Config(**given | {"timeout": 60})

    def etcdctl_environment(self) -> dict[str, str]:
        """Return the environment of etcdctl, which is the wheel's, and of the server's etcdutl."""
        container = container_of(self.objects.only("CronJob", "-defrag"))
        member = container_of(self.objects.only("StatefulSet", "-etcd"))
        places = [program_of(release) for release in (_release(member), "3.5")]
        programs = ":".join(str(Path(place).parent) for place in places)
        environment = clean_environment(**self.place.environment(container))
        return environment | {"PATH": f"{programs}:{environment['PATH']}"}


def operate(cluster: Cluster, eb_id: str = "") -> list[str]:
    """Read and write with the settings of the console."""
    return read_and_write(cluster.client(console_of(cluster.objects)), eb_id)


def read_and_write(config: Config, eb_id: str = "") -> list[str]:
    """Create an execution block, if an ID is given, and return all IDs."""
    with config:
        for txn in config.txn():
            if eb_id:
                txn.raw.create(f"/eb/{eb_id}", "{}")
        found: list[str] = []
        for txn in config.txn():
            found = txn.list_execution_blocks()
        return found


def create_users(cluster: Cluster, objects: Objects, directory: Path) -> str:
    """Run the job that creates the users of etcd, and return its output."""
    directory.mkdir()
    job = objects.only("Job", "-etcd-users")
    volume = job["spec"]["template"]["spec"]["volumes"][-1]["secret"]
    keys = [item["key"] for item in volume["items"]]
    write_secret(objects.only("Secret", "etcd-users"), directory / "mounted", keys)
    text = cluster.place.text(" ".join(container_of(job)["args"]))
    text = text.replace("/tmp/users", str(directory / "users"))
    text = text.replace("/etc/etcd-users", str(directory / "mounted"))
    scripts = str(Path(sys.executable).parent)
    environment = clean_environment(**cluster.place.environment(container_of(job)))
    path = {"PATH": f"{scripts}:{os.environ['PATH']}"}
    return run_program([*container_of(job)["command"], text], environment | path)
