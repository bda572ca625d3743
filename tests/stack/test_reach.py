"""The commands that ``ska-sdp-lmc up`` prints for another shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.reach import shell_commands

SHELLS = {
    "sh": ["sh"],
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_commands_work_in_a_new_shell(shell: str, etcd: Etcd, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"this machine lacks {shell}: .ci/packages lists the packages")
    with Config(host=etcd.host, port=etcd.port) as config:
        for txn in config.txn():
            txn.create_execution_block(f"eb-{shell}-20260101-00000", {"status": "ACTIVE"})
    environment = {
        "TANGO_HOST": "127.0.0.1:1",
        "SDP_CONFIG_HOST": etcd.host,
        "SDP_CONFIG_PORT": str(etcd.port),
    }
    pasted = shell_commands(environment)
    done = subprocess.run(
        ["env", "-i", f"HOME={tmp_path}", *SHELLS[shell], "-c", pasted],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{pasted}\n{done.stderr}"
    assert f"/eb/eb-{shell}-20260101-00000" in done.stdout
    assert not done.stderr
