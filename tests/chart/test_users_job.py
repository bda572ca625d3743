"""The Job that makes etcd's users is tried again after a failed try, and after a new password."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chart.etcd_cluster import container_of
from tests.chart.kubernetes_api import answering_for
from tests.chart.rendering import Renderer
from tests.chart.substitution import write_secret

USERS = ("root", "operator")


@pytest.fixture
def pod() -> Iterator[Path]:
    """The volumes of a pod, in a directory that users other than root can enter."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o711)
        (directory / "tmp").mkdir()
        if os.geteuid() == 0:
            (directory / "tmp").chmod(0o777)
        yield directory


def as_user(number: int) -> dict[str, Any]:
    """How a process is started as the user of the image: root may write what others may not."""
    if os.geteuid() != 0:
        return {}
    return {"user": number, "group": number, "extra_groups": []}


def mount(directory: Path, passwords: dict[str, str], group: int) -> None:
    """Have a Secret where Kubernetes would mount it, readable for the group of the pod."""
    data = {name: base64.b64encode(text.encode()).decode() for name, text in passwords.items()}
    write_secret({"data": data}, directory, data)
    if os.geteuid() == 0:
        for file in directory.iterdir():
            os.chown(file, 0, group)


def test_a_second_try_takes_the_passwords_again(render: Renderer, pod: Path) -> None:
    job = render({"etcd": {"auth": {"enabled": True}}}).only("Job", "-etcd-users")
    number = job["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    (script,) = container_of(job)["args"]
    # All before the program itself, which needs etcd.
    copy, _, program = script.partition(" && exec ")
    assert program.startswith("ska-sdp-lmc secure-etcd users /tmp/users ")
    copy = copy.replace("/tmp", str(pod / "tmp"))
    for text in ("the first", "another"):
        mounted = pod / text.replace(" ", "-")
        try:
            mount(mounted, dict.fromkeys(USERS, text), number)
            done = subprocess.run(
                ["sh", "-c", copy.replace("/etc/etcd-users", str(mounted))],
                capture_output=True,
                text=True,
                check=False,
                **as_user(number),
            )
        except PermissionError:
            pytest.skip(f"Root cannot become user {number} here.")
        assert done.returncode == 0, done.stderr
        for user in USERS:
            file = pod / "tmp/users" / user
            assert file.read_text() == text
            # The program takes no password that others may read.
            assert file.stat().st_mode & 0o077 == 0


def test_another_password_in_a_secret_of_the_sites_own_is_another_job(render: Renderer) -> None:
    def name(version: str) -> str:
        metadata = {"name": "users", "resourceVersion": version}
        with answering_for({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}) as api:
            objects = render.looking_into(
                api, {"etcd": {"auth": {"enabled": True, "existingSecret": "users"}}}
            )
        return str(objects.only("Job", "-etcd-users")["metadata"]["name"])

    assert name("1") == name("1")
    assert name("1") != name("2")
