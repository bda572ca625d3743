"""`ska-sdp record` on a cluster whose leader changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ska_sdp_config.cli.recording.file import read_recording
from tests.services.versions import NEWER_FIRST
from tests.support.cluster import Cluster
from tests.support.waiting import wait_until

from .conftest import ConnectTo

CHANGES = 60


@NEWER_FIRST
@pytest.mark.parametrize("change", ["hand_over", "kill"])
def test_record_has_each_revision_once(
    cluster: Cluster, connect: ConnectTo, tmp_path: Path, change: str
) -> None:
    file = tmp_path / "recording"
    backend = connect(cluster.endpoints, timeout=30)
    backend.create("/n", "0")
    # The recorder is connected to the first member, which is to be the leader.
    leader = cluster.leader()
    members = [*cluster.members[leader:], *cluster.members[:leader]]
    process = subprocess.Popen(
        [sys.executable, "-m", "ska_sdp_config.cli", "record", str(file)],
        env=os.environ
        | {
            "SDP_CONFIG_HOST": ",".join(member.endpoint for member in members),
            "SDP_CONFIG_TIMEOUT": "30",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "Recording to" in process.stderr.readline()
        try:
            for number in range(1, CHANGES):
                if change == "hand_over" and number % 10 == 0:
                    cluster.hand_over((cluster.leader() + 1) % 3)
                elif change == "kill" and number == CHANGES // 2:
                    members[0].kill()
                for txn in backend.txn():
                    txn.update("/n", str(number))
            wait_until(lambda: str(CHANGES - 1) in values(file), 60, "the last change")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    assert process.returncode == 0
    assert values(file) == [str(number) for number in range(CHANGES)]
    assert all(getattr(part, "gap", None) is None for part in read_recording(str(file)))


def values(file: Path) -> list[str | None]:
    return [part.texts["/n"] for part in read_recording(str(file)) if "/n" in part.texts]
