"""Backup and replacement of a member by the operators' guide, on a real etcd."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.chart.etcd_cluster import Cluster, Running, operate
from tests.chart.guide import commands
from tests.chart.rendering import Renderer
from tests.chart.substitution import run_program
from tests.support.waiting import wait_until

FIRST, SECOND = "eb-chart-20260101-00000", "eb-chart-20260101-00001"

TIMEOUTS = {"ETCDCTL_COMMAND_TIMEOUT": "60s", "ETCDCTL_DIAL_TIMEOUT": "60s"}
"""Timeouts of etcdctl for a loaded machine."""


def run(script: str, cluster: Cluster, directory: Path, **variables: str) -> str:
    environment = cluster.etcdctl_environment() | TIMEOUTS | variables
    return run_program(["bash", "-euc", script], environment, directory)


@pytest.mark.long
def test_snapshot_restores_three_members(running: Running, tmp_path: Path) -> None:
    save, restore = commands(
        "backup-and-restore.md", "etcdctl snapshot save", "etcdutl snapshot restore"
    )
    cluster = running({"etcd": {"replicas": 3}})
    assert operate(cluster, FIRST) == [FIRST]
    one = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"].partition(",")[0]
    # A snapshot contains the entries that its member has applied; this read waits for all.
    run("etcdctl get --prefix --keys-only ''", cluster, tmp_path, ETCDCTL_ENDPOINTS=one)
    run(save, cluster, tmp_path, ETCDCTL_ENDPOINTS=one)
    assert operate(cluster, SECOND) == [FIRST, SECOND]
    cluster.stop()
    for member in cluster.members:
        run(
            restore,
            cluster,
            tmp_path,
            MEMBER=member.member,
            CLUSTER=member.argument("initial-cluster"),
            TOKEN=member.argument("initial-cluster-token"),
            PEER_URL=member.argument("initial-advertise-peer-urls"),
        )
        shutil.rmtree(member.data)
        shutil.copytree(tmp_path / "restored" / member.member, member.data)
    cluster.start()
    assert operate(cluster) == [FIRST]
    assert operate(cluster, SECOND) == [FIRST, SECOND]


@pytest.mark.long
def test_member_without_data_is_replaced(
    running: Running, render: Renderer, tmp_path: Path
) -> None:
    replace, look = commands(
        "replace-etcd.md", "etcdctl member remove", "etcdctl member list --write-out"
    )
    cluster = running({"etcd": {"replicas": 3}})
    assert operate(cluster, FIRST) == [FIRST]
    broken = cluster.members[2]
    broken.kill()
    shutil.rmtree(broken.data)
    others = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"].rpartition(",")[0]
    listed = run("etcdctl member list", cluster, tmp_path, ETCDCTL_ENDPOINTS=others)
    (number,) = (line.split(",")[0] for line in listed.splitlines() if broken.member in line)
    for command in replace.splitlines():

        def succeeds(command: str = command) -> bool:
            try:
                run(
                    command,
                    cluster,
                    tmp_path,
                    ETCDCTL_ENDPOINTS=others,
                    ID=number,
                    MEMBER=broken.member,
                    PEER_URL=broken.argument("initial-advertise-peer-urls"),
                )
            except AssertionError as error:
                # Members must have been connected for 5 s.
                assert "unhealthy cluster" in str(error), error  # noqa: PT017
                return False
            return True

        wait_until(succeeds, within=120, what=command)
    joining = render({"etcd": {"replicas": 3, "clusterState": "existing"}})
    again = cluster.create_members(joining)[2]
    cluster.members[2] = again
    again.start()
    (look,) = (line for line in look.splitlines() if line.startswith("etcdctl "))

    def started() -> int:
        return run(look, cluster, tmp_path, ETCDCTL_ENDPOINTS=others).count(" started ")

    wait_until(lambda: started() == 3, 60, "the others see that it has started")
    again.wait_for_probes("readinessProbe")
    # It has the data of the others: it serves without one of them.
    cluster.members[0].kill()
    assert operate(cluster) == [FIRST]
