"""A real etcd takes what the chart tells it, and is probed, defragmented and secured by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.etcd_cluster import Cluster, console_of, container_of, read_and_write
from tests.chart.rendering import Objects, Renderer
from tests.chart.substitution import write_secret
from tests.support.waiting import wait_until

Running = Callable[[dict[str, Any]], Cluster]


def defragment(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    container = container_of(cluster.objects.only("CronJob"))
    return subprocess.run(
        ["etcdctl", *cluster.place.words(container)[1:]],
        env=cluster.etcdctl_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_one_member(running: Running) -> None:
    cluster = running({})
    (member,) = cluster.members
    member.comes_to_pass("startupProbe", "livenessProbe")
    eb_id = "eb-chart-20260101-00000"
    assert read_and_write(cluster.client(console_of(cluster.objects)), eb_id) == [eb_id]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished defragmenting") == 1


def test_a_full_member_is_alive_and_comes_up_again(running: Running) -> None:
    cluster = running({})
    (member,) = cluster.members
    endpoint = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"]
    # What a member does itself when its quota is used up.
    raised = json.dumps({"action": "ACTIVATE", "alarm": "NOSPACE"}).encode()
    request = urllib.request.Request(f"{endpoint}/v3/maintenance/alarm", raised)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["alarms"] == [{"alarm": "NOSPACE"}]
    wait_until(lambda: not member.passes("readinessProbe"))
    member.comes_to_pass("livenessProbe")
    member.kill()
    member.launch()
    member.comes_to_pass("startupProbe", "livenessProbe")
    assert not member.passes("readinessProbe")
    # As the operators' guide has it, when there is space again.
    environment = cluster.etcdctl_environment()
    disarm = ["etcdctl", "--command-timeout=60s", "alarm", "disarm"]
    subprocess.run(disarm, env=environment, check=True, timeout=120)
    member.comes_to_pass("readinessProbe")


def test_three_members_with_tls_among_them_and_with_their_clients(running: Running) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    cluster = running({"etcd": {"replicas": 3, "tls": tls}})
    for member in cluster.members:
        member.comes_to_pass("livenessProbe")
    config = cluster.client(console_of(cluster.objects))
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
            )
        )
    # Two of three go on, and all but the one that died are ready.
    cluster.members[0].kill()
    left = read_and_write(cluster.client(console_of(cluster.objects)))
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
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_users_are_made_and_more_of_them_for_more_subarrays(
    running: Running, render: Renderer, tmp_path: Path
) -> None:
    cluster = running({"etcd": {"auth": {"enabled": True}}})
    make_users(cluster, cluster.objects, tmp_path / "first")
    subarray = container_of(cluster.objects.only("Deployment", "-subarray-01"))
    assert read_and_write(cluster.client(subarray)) == []
    with pytest.raises(ConfigConnectionError):
        read_and_write(cluster.client(subarray, SDP_CONFIG_PASSWORD="wrong"))
    assert make_users(cluster, cluster.objects, tmp_path / "again").startswith("0 changes")
    operator = cluster.client(console_of(cluster.objects))
    assert read_and_write(operator, "eb-chart-20260101-00000") == ["eb-chart-20260101-00000"]
    done = defragment(cluster)
    assert done.returncode == 0, done.stderr
    # As an upgrade would: passwords that are there stay.
    more = render({"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 3}})
    data = cluster.objects.only("Secret", "etcd-users")["data"]
    more.only("Secret", "etcd-users")["data"].update(data)
    cluster.stop()
    cluster.take(more)
    cluster.start()
    make_users(cluster, more, tmp_path / "more")
    third = container_of(more.only("Deployment", "-subarray-03"))
    assert read_and_write(cluster.client(third)) == ["eb-chart-20260101-00000"]
    assert read_and_write(cluster.client(subarray)) == ["eb-chart-20260101-00000"]
