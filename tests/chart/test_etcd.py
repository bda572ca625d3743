"""A real etcd takes what the chart tells it, and is probed, defragmented and secured by it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend.common import ConfigConnectionError
from ska_sdp_lmc.stack.part import Part
from ska_sdp_lmc.stack.ports import free_port
from ska_sdp_lmc.stack.programs import clean_environment
from tests.chart.rendering import Manifest, Objects, Renderer
from tests.chart.substitution import Place, RenderedPart, write_secret
from tests.connection.certificates import Authority
from tests.services.versions import program_of

NAME = "sdp-ska-sdp-lmc-etcd"
DOMAIN = f"{NAME}-members.sdp-control.svc.cluster.local"


def container_of(manifest: Manifest) -> Manifest:
    spec = manifest["spec"].get("jobTemplate", manifest)["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    found: Manifest = container
    return found


class Member(RenderedPart):
    """One member of etcd; that it answers is what its readiness probe says.

    Args:
        metrics: where its probes lead.
    """

    def __init__(self, *arguments: Any, metrics: str) -> None:
        super().__init__(*arguments)
        self._metrics = metrics
        self._probes: Manifest = arguments[2]

    def answers(self) -> bool:
        return self.passes("readinessProbe")

    def passes(self, probe: str) -> bool:
        path = self._probes[probe]["httpGet"]["path"]
        try:
            with urllib.request.urlopen(f"http://{self._metrics}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False


@dataclass
class Cluster:
    """The members of etcd as rendered, on this machine."""

    objects: Objects
    members: list[Member]
    place: Place
    directory: Path


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """What the Secret of etcd's members holds, where it is mounted."""
    authority = Authority(tmp_path)
    directory = tmp_path / "etcd-tls"
    directory.mkdir()
    pair = authority.pair("127.0.0.1", "localhost")
    shutil.copy(authority.file, directory / "ca.crt")
    shutil.copy(pair.certificate, directory / "tls.crt")
    shutil.copy(pair.key, directory / "tls.key")
    return directory


@pytest.fixture
def running(render: Renderer, tmp_path: Path, certificates: Path) -> Iterator[Any]:
    """Starts the members that some values make."""
    with ExitStack() as undo:

        def start(values: dict[str, Any]) -> Cluster:
            cluster = make(render(values), tmp_path, certificates)
            for member in cluster.members:
                undo.callback(Part.kill, member)
                member.launch()
            for member in cluster.members:
                member.wait()
            return cluster

        yield start


def make(objects: Objects, directory: Path, certificates: Path) -> Cluster:
    program = program_of("3.5")
    container = container_of(objects.only("StatefulSet", "-etcd"))
    count = objects.only("StatefulSet", "-etcd")["spec"]["replicas"]
    ports = [{which: free_port() for which in (2379, 2380, 2381)} for _ in range(count)]
    everywhere = {
        f"{NAME}-{number}.{DOMAIN}:{which}": f"127.0.0.1:{here[which]}"
        for number, here in enumerate(ports)
        for which in (2379, 2380)
    } | {"/etc/etcd-tls": str(certificates)}
    members = []
    for number, here in enumerate(ports):
        own = {f"0.0.0.0:{which}": f"127.0.0.1:{port}" for which, port in here.items()}
        own |= {
            f"$(POD_NAME).{DOMAIN}:{which}": f"127.0.0.1:{here[which]}" for which in (2379, 2380)
        }
        own |= {"$(POD_NAME)": f"{NAME}-{number}", "/var/lib/etcd": str(directory / str(number))}
        place = Place(everywhere | own, objects)
        metrics = f"127.0.0.1:{here[2381]}"
        members.append(
            Member(f"etcd-{number}", directory, container, place, program, metrics=metrics)
        )
    return Cluster(objects, members, Place(everywhere, objects), directory)


def connect(cluster: Cluster, container: Manifest, **more: str) -> Config:
    """The library, led to etcd by the environment of a container."""
    environment = cluster.place.environment(container) | more
    names = {
        "SDP_CONFIG_HOST": "host",
        "SDP_CONFIG_PROTOCOL": "protocol",
        "SDP_CONFIG_CERT": "cert",
        "SDP_CONFIG_CLIENT_CERT": "client_cert",
        "SDP_CONFIG_CLIENT_KEY": "client_key",
        "SDP_CONFIG_USERNAME": "username",
        "SDP_CONFIG_PASSWORD": "password",
    }
    given: dict[str, Any] = {
        argument: environment[name] for name, argument in names.items() if name in environment
    }
    return Config(**given)


def read_and_write(config: Config, eb_id: str) -> list[str]:
    with config:
        for txn in config.txn():
            if eb_id:
                txn.raw.create(f"/eb/{eb_id}", "{}")
        found: list[str] = []
        for txn in config.txn():
            found = txn.list_execution_blocks()
        return found


def defragment(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    container = container_of(cluster.objects.only("CronJob"))
    program = Path(program_of("3.5")).with_name("etcdctl")
    return subprocess.run(
        [program, *cluster.place.words(container)[1:]],
        env=clean_environment(**cluster.place.environment(container)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def console_of(objects: Objects) -> Manifest:
    return container_of(objects.only("Deployment", "-console"))


def test_one_member(running: Any) -> None:
    cluster = running({})
    (member,) = cluster.members
    assert member.passes("startupProbe")
    assert member.passes("livenessProbe")
    eb_id = "eb-chart-20260101-00000"
    assert read_and_write(connect(cluster, console_of(cluster.objects)), eb_id) == [eb_id]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished defragmenting") == 1


def test_three_members_with_tls_among_them_and_with_their_clients(running: Any) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    cluster = running({"etcd": {"replicas": 3, "tls": tls}})
    for member in cluster.members:
        assert member.passes("livenessProbe")
    config = connect(cluster, console_of(cluster.objects))
    assert read_and_write(config, "eb-chart-20260101-00000") == ["eb-chart-20260101-00000"]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished defragmenting") == 3
    # Who shows no certificate is not let in.
    environment = cluster.place.environment(console_of(cluster.objects))
    with pytest.raises(ConfigConnectionError):
        read_and_write(
            Config(
                host=environment["SDP_CONFIG_HOST"],
                protocol="https",
                cert=environment["SDP_CONFIG_CERT"],
            ),
            "",
        )
    # Two of three go on, and all but the one that died are ready.
    cluster.members[0].kill()
    left = read_and_write(connect(cluster, console_of(cluster.objects)), "")
    assert left == ["eb-chart-20260101-00000"]
    assert not cluster.members[0].passes("livenessProbe")


def make_users(cluster: Cluster, objects: Objects, directory: Path) -> str:
    """Run the job that makes users; gives what it prints."""
    directory.mkdir()
    job = objects.only("Job", "-etcd-users")
    volume = job["spec"]["template"]["spec"]["volumes"][-1]["secret"]
    keys = [item["key"] for item in volume["items"]]
    write_secret(objects.only("Secret", "etcd-users"), directory / "mounted", keys)
    text = cluster.place.text(" ".join(container_of(job)["args"]))
    text = text.replace("/tmp/users", str(directory / "users"))
    text = text.replace("/etc/etcd-users", str(directory / "mounted"))
    scripts = str(Path(sys.executable).parent)
    environment = cluster.place.environment(container_of(job))
    done = subprocess.run(
        [*container_of(job)["command"], text],
        env=clean_environment(**environment) | {"PATH": f"{scripts}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(
    importlib.util.find_spec("ska_sdp_lmc.secure_etcd") is None,
    reason="The program has no command secure-etcd, which the job runs.",
)
def test_users_are_made_and_more_of_them_for_more_subarrays(
    running: Any, render: Renderer, tmp_path: Path
) -> None:
    cluster = running({"etcd": {"auth": {"enabled": True}}})
    make_users(cluster, cluster.objects, tmp_path / "first")
    subarray = container_of(cluster.objects.only("Deployment", "-subarray-01"))
    assert read_and_write(connect(cluster, subarray), "") == []
    with pytest.raises(ConfigConnectionError):
        read_and_write(connect(cluster, subarray, SDP_CONFIG_PASSWORD="wrong"), "")
    assert make_users(cluster, cluster.objects, tmp_path / "again").startswith("0 changes")
    operator = connect(cluster, console_of(cluster.objects))
    assert read_and_write(operator, "eb-chart-20260101-00000") == ["eb-chart-20260101-00000"]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    # As an upgrade would: passwords that are there stay.
    more = render({"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 3}})
    data = cluster.objects.only("Secret", "etcd-users")["data"]
    more.only("Secret", "etcd-users")["data"].update(data)
    cluster.place = Place(dict(cluster.place._replaced), more)
    make_users(cluster, more, tmp_path / "more")
    third = container_of(more.only("Deployment", "-subarray-03"))
    assert read_and_write(connect(cluster, third), "") == ["eb-chart-20260101-00000"]
    assert read_and_write(connect(cluster, subarray), "") == ["eb-chart-20260101-00000"]
