"""A real etcd is configured, probed, defragmented and secured as in the chart."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.errors import ConfigConnectionError
from tests.chart.etcd_cluster import (
    Cluster,
    Running,
    console_of,
    create_users,
    operate,
    read_and_write,
)
from tests.chart.rendering import Renderer, container_of
from tests.chart.substitution import run_program
from tests.support.waiting import wait_until

EB_ID = "eb-chart-20260101-00000"


def defragment(cluster: Cluster) -> str:
    container = container_of(cluster.objects.only("CronJob", "-defrag"))
    words = ["etcdctl", *cluster.place.words(container)[1:]]
    return run_program(words, cluster.etcdctl_environment())


def test_single_member_works(running: Running) -> None:
    cluster = running({})
    (member,) = cluster.members
    member.wait_for_probes("startupProbe", "livenessProbe")
    assert operate(cluster, EB_ID) == [EB_ID]
    assert defragment(cluster).count("Finished defragmenting") == 1


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
    disarm = ["etcdctl", "--command-timeout=60s", "alarm", "disarm"]
    run_program(disarm, cluster.etcdctl_environment())
    member.wait_for_probes("readinessProbe")


@pytest.mark.long
def test_three_members_work_with_tls(running: Running) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    cluster = running({"etcd": {"replicas": 3, "tls": tls}})
    for member in cluster.members:
        member.wait_for_probes("livenessProbe")
    assert operate(cluster, EB_ID) == [EB_ID]
    assert defragment(cluster).count("Finished defragmenting") == 3
    # A client without a certificate is rejected.
    environment = cluster.place.environment(console_of(cluster.objects))
    host, cert = environment["SDP_CONFIG_HOST"], environment["SDP_CONFIG_CERT"]
    with pytest.raises(ConfigConnectionError):
        read_and_write(Config(host=host, protocol="https", cert=cert))
    # Two of three members continue.
    cluster.members[0].kill()
    assert operate(cluster) == [EB_ID]
    assert not cluster.members[0].passes("livenessProbe")


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
    assert operate(cluster, EB_ID) == [EB_ID]
    defragment(cluster)
    # An upgrade keeps existing passwords.
    more = render({"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 3}})
    data = cluster.objects.only("Secret", "etcd-users")["data"]
    more.only("Secret", "etcd-users")["data"].update(data)
    cluster.stop()
    cluster.take(more)
    cluster.start()
    create_users(cluster, more, tmp_path / "more")
    third = container_of(more.only("Deployment", "-subarray-03"))
    assert read_and_write(cluster.client(third)) == [EB_ID]
    assert read_and_write(cluster.client(subarray)) == [EB_ID]
