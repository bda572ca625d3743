"""The Job that creates etcd's users runs again after a failure."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendering import Renderer, container_of
from tests.chart.substitution import write_secret

USERS = ("root", "operator")


@pytest.fixture
def pod() -> Iterator[Path]:
    """Volumes of a pod, in a directory that users other than root can enter."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o711)
        (directory / "tmp").mkdir()
        if os.geteuid() == 0:
            (directory / "tmp").chmod(0o777)
        yield directory


def as_user(number: int) -> dict[str, Any]:
    """Return the arguments that start a process as the user of the image, not as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": number, "group": number, "extra_groups": []}


def mount(directory: Path, passwords: dict[str, str], group: int) -> None:
    """Write a Secret as Kubernetes mounts it, readable for the group of the pod."""
    data = {name: base64.b64encode(text.encode()).decode() for name, text in passwords.items()}
    write_secret({"data": data}, directory, data)
    if os.geteuid() == 0:
        for file in directory.iterdir():
            os.chown(file, 0, group)


def test_retry_replaces_the_passwords(render: Renderer, pod: Path) -> None:
    job = render({"etcd": {"auth": {"enabled": True}}}).only("Job", "-etcd-users")
    number = job["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    (script,) = container_of(job)["args"]
    # The program itself needs etcd.
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
                **as_user(number),
            )
        except PermissionError:
            pytest.skip(f"Root cannot become user {number} here.")
        assert done.returncode == 0, done.stderr
        for user in USERS:
            file = pod / "tmp/users" / user
            assert file.read_text() == text
            # The program rejects a password file that others may read.
            assert file.stat().st_mode & 0o077 == 0
