"""What the operators' guide says of backups and of broken members, done on a real etcd."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chart.etcd_cluster import Cluster, console_of, read_and_write
from tests.chart.guide import commands
from tests.chart.rendering import Renderer
from tests.waiting import wait_until

FIRST, SECOND = "eb-chart-20260101-00000", "eb-chart-20260101-00001"

Running = Callable[[dict[str, Any]], Cluster]

PATIENT = {"ETCDCTL_COMMAND_TIMEOUT": "60s", "ETCDCTL_DIAL_TIMEOUT": "60s"}
"""What has etcdctl wait for members that are late, as on a busy machine they are."""


def run(script: str, cluster: Cluster, directory: Path, **variables: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=directory,
        env=cluster.etcdctl_environment() | PATIENT | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ids(cluster: Cluster, eb_id: str = "") -> list[str]:
    return read_and_write(cluster.client(console_of(cluster.objects)), eb_id)


@pytest.mark.long
def test_a_snapshot_brings_three_members_back_to_what_it_holds(
    running: Running, tmp_path: Path
) -> None:
    save, restore = commands(
        "backup-and-restore.md", "etcdctl snapshot save", "etcdutl snapshot restore"
    )
    cluster = running({"etcd": {"replicas": 3}})
    assert ids(cluster, FIRST) == [FIRST]
    one = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"].partition(",")[0]
    # A snapshot holds what its member has applied by then, and such a read waits for that.
    run("etcdctl get --prefix --keys-only ''", cluster, tmp_path, ETCDCTL_ENDPOINTS=one)
    run(save, cluster, tmp_path, ETCDCTL_ENDPOINTS=one)
    assert ids(cluster, SECOND) == [FIRST, SECOND]
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
    assert ids(cluster) == [FIRST]
    assert ids(cluster, SECOND) == [FIRST, SECOND]


@pytest.mark.long
def test_a_member_that_has_lost_its_data_is_replaced(
    running: Running, render: Renderer, tmp_path: Path
) -> None:
    replace, look = commands(
        "replace-etcd.md", "etcdctl member remove", "etcdctl member list --write-out"
    )
    cluster = running({"etcd": {"replicas": 3}})
    assert ids(cluster, FIRST) == [FIRST]
    broken = cluster.members[2]
    broken.kill()
    shutil.rmtree(broken.data)
    others = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"].rpartition(",")[0]
    listed = run("etcdctl member list", cluster, tmp_path, ETCDCTL_ENDPOINTS=others)
    (number,) = (line.split(",")[0] for line in listed.splitlines() if broken.member in line)
    for command in replace.splitlines():

        def carried_out(command: str = command) -> bool:
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
                # Members must have known each other for 5 s.
                assert "unhealthy cluster" in str(error), error  # noqa: PT017
                return False
            return True

        wait_until(carried_out, within=120, what=command)
    again = cluster.rendered_anew(render({"etcd": {"replicas": 3, "clusterState": "existing"}}))[2]
    cluster.members[2] = again
    again.start()
    (look,) = (line for line in look.splitlines() if line.startswith("etcdctl "))

    def started() -> int:
        return run(look, cluster, tmp_path, ETCDCTL_ENDPOINTS=others).count(" started ")

    wait_until(lambda: started() == 3, 60, "the others hear that it has started")
    again.comes_to_pass("readinessProbe")
    # It holds what the others do: it serves when one of them is gone.
    cluster.members[0].kill()
    assert ids(cluster) == [FIRST]
