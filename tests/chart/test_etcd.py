"""A real etcd is configured, probed, defragmented and secured as in the chart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.etcd_cluster import Cluster, Running, console_of, read_and_write
from tests.chart.rendering import Objects, Renderer, container_of
from tests.chart.substitution import write_secret
from tests.support.waiting import wait_until


def defragment(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    container = container_of(cluster.objects.only("CronJob"))
    return subprocess.run(
        ["etcdctl", *cluster.place.words(container)[1:]],
        env=cluster.etcdctl_environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_single_member_works(running: Running) -> None:
    cluster = running({})
    (member,) = cluster.members
    member.wait_for_probes("startupProbe", "livenessProbe")
    eb_id = "eb-chart-20260101-00000"
    assert read_and_write(cluster.client(console_of(cluster.objects)), eb_id) == [eb_id]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished defragmenting") == 1


def test_full_member_is_alive_and_restarts(running: Running) -> None:
    cluster = running({})
    (member,) = cluster.members
    endpoint = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"]
    # A member does this when its quota is exhausted.
    raised = json.dumps({"action": "ACTIVATE", "alarm": "NOSPACE"}).encode()
    request = urllib.request.Request(f"{endpoint}/v3/maintenance/alarm", raised)
    with urllib.request.urlopen(request, timeout=60) as response:
        assert json.load(response)["alarms"] == [{"alarm": "NOSPACE"}]
    wait_until(lambda: not member.passes("readinessProbe"))
    member.wait_for_probes("livenessProbe")
    member.kill()
    member.launch()
    member.wait_for_probes("startupProbe", "livenessProbe")
    assert not member.passes("readinessProbe")
    # As in the operators' guide, when there is space again.
    environment = cluster.etcdctl_environment()
    disarm = ["etcdctl", "--command-timeout=60s", "alarm", "disarm"]
    subprocess.run(disarm, env=environment, check=True, timeout=120)
    member.wait_for_probes("readinessProbe")


@pytest.mark.long
def test_three_members_work_with_tls(running: Running) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    cluster = running({"etcd": {"replicas": 3, "tls": tls}})
    for member in cluster.members:
        member.wait_for_probes("livenessProbe")
    config = cluster.client(console_of(cluster.objects))
    assert read_and_write(config, "eb-chart-20260101-00000") == ["eb-chart-20260101-00000"]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished defragmenting") == 3
    # A client without a certificate is rejected.
    environment = cluster.place.environment(console_of(cluster.objects))
    with pytest.raises(ConfigConnectionError):
        read_and_write(
            Config(
                host=environment["SDP_CONFIG_HOST"],
                protocol="https",
                cert=environment["SDP_CONFIG_CERT"],
            )
        )
    # Two of three members continue.
    cluster.members[0].kill()
    left = read_and_write(cluster.client(console_of(cluster.objects)))
    assert left == ["eb-chart-20260101-00000"]
    assert not cluster.members[0].passes("livenessProbe")


def create_users(cluster: Cluster, objects: Objects, directory: Path) -> str:
    """Run the job that creates users; return its output."""
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
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_users_are_created_for_each_subarray(
    running: Running, render: Renderer, tmp_path: Path
) -> None:
    cluster = running({"etcd": {"auth": {"enabled": True}}})
    create_users(cluster, cluster.objects, tmp_path / "first")
    subarray = container_of(cluster.objects.only("Deployment", "-subarray-01"))
    assert read_and_write(cluster.client(subarray)) == []
    with pytest.raises(ConfigConnectionError):
        read_and_write(cluster.client(subarray, SDP_CONFIG_PASSWORD="wrong"))
    assert create_users(cluster, cluster.objects, tmp_path / "again").startswith("0 changes")
    operator = cluster.client(console_of(cluster.objects))
    assert read_and_write(operator, "eb-chart-20260101-00000") == ["eb-chart-20260101-00000"]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    # An upgrade keeps existing passwords.
    more = render({"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 3}})
    data = cluster.objects.only("Secret", "etcd-users")["data"]
    more.only("Secret", "etcd-users")["data"].update(data)
    cluster.stop()
    cluster.take(more)
    cluster.start()
    create_users(cluster, more, tmp_path / "more")
    third = container_of(more.only("Deployment", "-subarray-03"))
    assert read_and_write(cluster.client(third)) == ["eb-chart-20260101-00000"]
    assert read_and_write(cluster.client(subarray)) == ["eb-chart-20260101-00000"]
