"""Forks of processes that use the database: the child does not hang, the parent is unaffected."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.connection.forking import CASES


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_fork(etcd: Etcd, case: str) -> None:
    """Each case runs in its own process, as gRPC cannot be reset after a fork."""
    program = [sys.executable, "-X", "faulthandler", "-m", "tests.connection.forking"]
    done = subprocess.run(
        [*program, etcd.endpoint, case], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "fine", done.stderr
    assert "Traceback" not in done.stderr
