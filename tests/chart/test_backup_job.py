"""The job that backs up etcd, run on real members; its snapshots are restored."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import helm_python
import pytest
from docs.generate.chart import CHART

from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.etcd_cluster import NAME, Cluster, Running
from tests.chart.guide import commands
from tests.chart.rendering import Manifest, Objects, Renderer, container_of, values_of
from tests.chart.substitution import Place, run_program

BACKUP = {"enabled": True, "keep": 3}
SNAPSHOT = re.compile(rf"{NAME}-\d{{8}}T\d{{6}}Z\.db")
TIMEOUTS = {"ETCDCTL_COMMAND_TIMEOUT": "60s"}
"""Timeout of etcdctl for a loaded machine."""


def pod_of(objects: Objects) -> Manifest:
    spec: Manifest = objects.only("CronJob", "-etcd-backup")["spec"]["jobTemplate"]["spec"]
    pod: Manifest = spec["template"]["spec"]
    return pod


def claims_of(pod: Manifest) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    ]


def on_volume(directory: Path, job: str) -> dict[str, str]:
    return {"/backups": str(directory), "$(SDP_BACKUP_JOB)": job}


def save(cluster: Cluster, directory: Path, job: str, **variables: str) -> None:
    """Run the container of the job with etcdctl."""
    (container,) = (c for c in pod_of(cluster.objects)["initContainers"] if c["name"] == "save")
    place = cluster.place_with(on_volume(directory, job))
    path = {"PATH": cluster.etcdctl_environment()["PATH"]}
    environment = clean_environment(**place.environment(container)) | path | variables
    run_program(["etcdctl", *place.words(container)[1:]], environment)


def run_script(
    objects: Objects, name: str, directory: Path, job: str
) -> subprocess.CompletedProcess[str]:
    """Run a container of the job with this software's image."""
    pod = pod_of(objects)
    (container,) = (c for c in pod["initContainers"] + pod["containers"] if c["name"] == name)
    place = Place(on_volume(directory, job), objects)
    return subprocess.run(
        place.words(container),
        cwd=place.text(container["workingDir"]),
        env=clean_environment(**place.environment(container)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def clear(objects: Objects, directory: Path, job: str) -> None:
    """Run the container before the save."""
    done = run_script(objects, "clear", directory, job)
    assert done.returncode == 0, done.stderr


def keep(objects: Objects, directory: Path, job: str) -> subprocess.CompletedProcess[str]:
    """Run the container after the save."""
    return run_script(objects, "keep", directory, job)


def etcdctl(cluster: Cluster, *words: str, **variables: str) -> str:
    environment = cluster.etcdctl_environment() | TIMEOUTS | variables
    return run_program(["etcdctl", *words], environment)


def content(cluster: Cluster) -> Any:
    """Return all keys with their values and revisions."""
    return json.loads(etcdctl(cluster, "get", "", "--prefix", "--write-out=json"))["kvs"]


def restore(snapshot: Path, cluster: Cluster, directory: Path) -> None:
    """Create the data of each member by the operators' guide; none is running."""
    (command,) = commands("backup-and-restore.md", "etcdutl snapshot restore")
    shutil.copy(snapshot, directory / "snapshot.db")
    for member in cluster.members:
        variables = {
            "MEMBER": member.member,
            "CLUSTER": member.argument("initial-cluster"),
            "TOKEN": member.argument("initial-cluster-token"),
            "PEER_URL": member.argument("initial-advertise-peer-urls"),
        }
        environment = cluster.etcdctl_environment() | variables
        run_program(["bash", "-euc", command], environment, directory)
        shutil.copytree(directory / "restored" / member.member, member.data)


def back_up(cluster: Cluster, directory: Path) -> Path:
    """Run the job and return its only snapshot."""
    directory.mkdir()
    clear(cluster.objects, directory, "job-1")
    save(cluster, directory, "job-1")
    kept = keep(cluster.objects, directory, "job-1")
    assert kept.returncode == 0, kept.stderr
    (snapshot,) = directory.iterdir()
    assert SNAPSHOT.fullmatch(snapshot.name)
    assert snapshot.stat().st_mode & 0o077 == 0
    assert snapshot.name in kept.stdout
    return snapshot


def test_snapshot_of_the_job_restores_another_etcd(
    running: Running, tmp_path: Path, certificates: Path
) -> None:
    cluster = running({"backup": BACKUP})
    for number in range(20):
        etcdctl(cluster, "put", f"/eb/eb-{number}", f'{{"number": {number}}}')
    etcdctl(cluster, "del", "/eb/eb-3")
    saved = content(cluster)
    assert len(saved) == 19
    snapshot = back_up(cluster, tmp_path / "backups")
    etcdctl(cluster, "put", "/eb/eb-later", "{}")
    directory = tmp_path / "other"
    directory.mkdir()
    other = Cluster(cluster.objects, directory, certificates)
    restore(snapshot, other, directory)
    try:
        other.start()
        assert content(other) == saved
    finally:
        other.stop()


@pytest.mark.long
def test_job_backs_up_a_secured_etcd(running: Running, tmp_path: Path, certificates: Path) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    etcd = {"replicas": 3, "tls": tls, "auth": {"enabled": True}}
    cluster = running({"backup": BACKUP, "etcd": etcd})
    secret = cluster.objects.only("Secret", "etcd-users")["data"]["root"]
    password = base64.b64decode(secret).decode()
    nobody = {"ETCDCTL_USER": "", "ETCDCTL_PASSWORD": ""}
    endpoint = cluster.etcdctl_environment()["ETCDCTL_ENDPOINTS"].rpartition(",")[2]
    etcdctl(cluster, "user", "add", f"root:{password}", **nobody)
    etcdctl(cluster, "user", "grant-role", "root", "root", **nobody)
    etcdctl(cluster, "auth", "enable", **nobody)
    etcdctl(cluster, "put", "/eb/eb-1", "{}")
    # The member of the snapshot has applied all entries.
    etcdctl(cluster, "get", "/eb/eb-1", ETCDCTL_ENDPOINTS=endpoint)
    saved = content(cluster)
    snapshot = back_up(cluster, tmp_path / "backups")
    with pytest.raises(AssertionError, match="authentication failed"):
        save(cluster, tmp_path / "backups", "job-2", ETCDCTL_PASSWORD="wrong")
    assert list((tmp_path / "backups").iterdir()) == [snapshot]
    cluster.stop()
    directory = tmp_path / "other"
    directory.mkdir()
    other = Cluster(cluster.objects, directory, certificates)
    restore(snapshot, other, directory)
    try:
        other.start()
        assert content(other) == saved
        # The users are restored as well.
        with pytest.raises(AssertionError, match=r"user name is empty|permission denied"):
            etcdctl(other, "get", "/eb/eb-1", **nobody)
    finally:
        other.stop()


def write_snapshot(path: Path, data: bytes) -> None:
    """Write a file that ends in its checksum, as a snapshot does."""
    path.write_bytes(data + hashlib.sha256(data).digest())


@pytest.fixture(scope="module")
def objects(render: Renderer) -> Objects:
    """Objects of a backup that keeps three snapshots."""
    return render({"backup": BACKUP})


def test_job_keeps_the_newest_snapshots_and_files_of_others(
    objects: Objects, tmp_path: Path
) -> None:
    old = [f"{NAME}-202{year}0101T000000Z.db" for year in range(5)]
    others = [
        "lost+found",
        "notes.txt",
        f"other-{NAME}-20200101T000000Z.db",
        f"{NAME}-20200101T000000Z.db.gz",
        f"{NAME}-new-another-job.part",
    ]
    for name in [*old, *others]:
        (tmp_path / name).touch()
    write_snapshot(tmp_path / f"{NAME}-new-job-1", b"database")
    done = keep(objects, tmp_path, "job-1")
    assert done.returncode == 0, done.stderr
    left = {path.name for path in tmp_path.iterdir()}
    (new,) = left - {*old, *others}
    assert SNAPSHOT.fullmatch(new)
    assert new > old[-1]
    assert left == {new, *old[-2:], *others}
    assert (tmp_path / new).read_bytes().startswith(b"database")


def test_job_deletes_unfinished_snapshots_before_it_saves(
    objects: Objects, tmp_path: Path
) -> None:
    """Jobs that were killed between their containers leave files, which would fill the volume."""
    killed = [tmp_path / f"{NAME}-new-job-0", tmp_path / f"{NAME}-new-job-0.part"]
    for path in killed:
        path.touch()
        os.utime(path, (0, 0))
    of_attempt_before = [tmp_path / f"{NAME}-new-job-1", tmp_path / f"{NAME}-new-job-1.part"]
    running = tmp_path / f"{NAME}-new-job-2.part"
    others = [tmp_path / "notes.txt", tmp_path / f"{NAME}-20200101T000000Z.db"]
    for path in [*of_attempt_before, running, *others]:
        path.touch()
    clear(objects, tmp_path, "job-1")
    assert set(tmp_path.iterdir()) == {running, *others}


def test_job_deletes_snapshots_above_a_reduced_number_before_it_saves(
    objects: Objects, tmp_path: Path
) -> None:
    """A full volume, on which no save succeeds, becomes usable."""
    old = [tmp_path / f"{NAME}-202{year}0101T000000Z.db" for year in range(5)]
    for path in old:
        path.touch()
    clear(objects, tmp_path, "job-1")
    assert sorted(tmp_path.iterdir()) == old[-3:]


def test_retry_of_a_job_has_the_files_of_the_attempt_before(objects: Objects) -> None:
    """The pods of one job differ in their names, but not in this label of Kubernetes."""
    pod = pod_of(objects)
    label = {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}}
    for container in pod["initContainers"] + pod["containers"]:
        assert {"name": "SDP_BACKUP_JOB", "valueFrom": label} in container["env"]
        assert f"{NAME}-new-$(SDP_BACKUP_JOB)" in " ".join(container["args"])


def test_variables_of_the_site_do_not_change_the_backup(render: Renderer, tmp_path: Path) -> None:
    names = ("KEEP", "ETCD", "NEW", "POD_NAME", "PREFIX", "new", "expected", "actual")
    objects = render({"backup": BACKUP, "env": [{"name": each, "value": "0"} for each in names]})
    old = [tmp_path / f"{NAME}-202{year}0101T000000Z.db" for year in range(3)]
    for path in old:
        path.touch()
    write_snapshot(tmp_path / f"{NAME}-new-job-1", b"database")
    assert keep(objects, tmp_path, "job-1").returncode == 0
    *kept, new = sorted(tmp_path.iterdir())
    assert kept == old[1:]
    assert new.read_bytes().startswith(b"database")
    clear(objects, tmp_path, "job-1")
    assert sorted(tmp_path.iterdir()) == [*kept, new]


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_job_rejects_an_invalid_snapshot_and_keeps_the_others(
    objects: Objects, tmp_path: Path, damage: str
) -> None:
    old = [tmp_path / f"{NAME}-202{year}0101T000000Z.db" for year in range(5)]
    for path in old:
        path.touch()
    new = tmp_path / f"{NAME}-new-job-1"
    write_snapshot(new, b"a" * 10_000)
    intact = new.read_bytes()
    new.write_bytes(
        {"truncated": intact[:-512], "changed": b"b" + intact[1:], "empty": b""}[damage]
    )
    done = keep(objects, tmp_path, "job-1")
    assert done.returncode == 1
    assert "Invalid snapshot" in done.stderr
    assert sorted(tmp_path.iterdir()) == old


def test_backup_is_off_by_default(render: Renderer) -> None:
    objects = render({})
    assert [each["metadata"]["name"] for each in objects.of_kind("CronJob")] == [f"{NAME}-defrag"]
    assert objects.of_kind("PersistentVolumeClaim") == []


def test_claim_of_the_chart_is_kept_and_an_existing_one_replaces_it(render: Renderer) -> None:
    persistence = {"size": "50Gi", "storageClass": "slow"}
    objects = render({"backup": BACKUP | {"persistence": persistence}})
    claim = objects.only("PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["storageClassName"] == "slow"
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"
    assert claims_of(pod_of(objects)) == [claim["metadata"]["name"]]
    objects = render({"backup": BACKUP | {"existingClaim": "backups"}})
    assert objects.of_kind("PersistentVolumeClaim") == []
    assert claims_of(pod_of(objects)) == ["backups"]


def test_default_volume_holds_all_snapshots(render: Renderer) -> None:
    """The largest snapshots fit, and the new one before the oldest is deleted."""
    objects = render({"backup": {"enabled": True}})
    number = values_of(CHART / "values.yaml")["backup"]["keep"]
    size = objects.only("PersistentVolumeClaim")["spec"]["resources"]["requests"]["storage"]
    words = container_of(objects.only("StatefulSet", "-etcd"))["args"]
    (quota,) = (word for word in words if word.startswith("--quota-backend-bytes="))
    assert int(size.removesuffix("Gi")) * 1024**3 > (number + 1) * int(quota.partition("=")[2])


def test_network_policy_of_etcd_admits_the_job(objects: Objects) -> None:
    policy = objects.only("NetworkPolicy", "-etcd")
    clients, *_ = policy["spec"]["ingress"]
    template = objects.only("CronJob", "-etcd-backup")["spec"]["jobTemplate"]["spec"]["template"]
    peer, *_ = clients["from"]
    assert clients["ports"] == [{"port": "client"}]
    labels = template["metadata"]["labels"]
    assert peer["podSelector"]["matchLabels"].items() <= labels.items()


def test_backup_of_an_existing_etcd_is_rejected(render: Renderer) -> None:
    with pytest.raises(helm_python.HelmError, match=r"etcd\.host is set: back up that etcd"):
        render({"etcd": {"host": "etcd"}, "backup": BACKUP})
