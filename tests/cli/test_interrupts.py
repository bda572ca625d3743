"""Ctrl-C while the connection is closed, and during a commit."""

from __future__ import annotations

import sys

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.interrupts import GRACE_S
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Result, contents, environment, fill, run_command

# The program, interrupted at the start of a method of the library. The method may then lose the
# exception, if there is one, and hang: gRPC does both.
PROGRAM = """
import contextlib, os, signal, sys, threading
from ska_sdp_config.drivers.etcd.{module} import {kind}
from ska_sdp_config.cli import interrupts, main

interrupts.GRACE_S = {grace}
method = {kind}.{method}

def interrupted(*args, **options):
    with contextlib.suppress(*{lost}):
        for _ in range({times}):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(0.01)
    while {hangs}:
        with contextlib.suppress(*{lost}):
            threading.Event().wait()
    return method(*args, **options)

{kind}.{method} = interrupted
main()
"""
CLOSE = {
    "module": "client",
    "kind": "EtcdClient",
    "method": "close",
    "times": 1,
    "lost": "[KeyboardInterrupt]",
}
COMMIT = {"module": "store", "kind": "EtcdStore", "method": "commit", "times": 1, "lost": "[]"}


TOO_LATE = "ska-sdp: Ctrl-C came too late: the command was executed.\n"

NO_END = 3600.0
"""Grace period in seconds within which a command ends even on a busy machine."""


def run_interrupted(server: Etcd, args: list[str], hangs: bool, **where: object) -> Result:
    grace = GRACE_S if hangs else NO_END
    program = PROGRAM.format(hangs=hangs, grace=grace, **where)
    words = [sys.executable, "-c", program, *args]
    return run_command(words, environment(server, {}), stdin="values: {/x: 2}")


TIMED_READS = ["list -a", "list -v pb -o json", "list pb -o table", "get /x", "dump", "doctor"]
TIMED_READS += ["describe pb pb-a", "delete -a pb", "load --dry-run -"]


@pytest.mark.long
@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize("line", TIMED_READS)
def test_reading_command_is_stopped(database: Config, etcd: Etcd, line: str, hangs: bool) -> None:
    fill(database, {"/x": 1, "/pb/pb-a": {}})
    result = run_interrupted(etcd, line.split(), hangs, **CLOSE)
    assert (result.code, result.err) == (1, "ska-sdp: Stopped.\n")


WRITES = [
    ("create /y 2", "created /y\n", {"/x": "1", "/y": "2"}),
    ("update /x 2", "updated /x\n", {"/x": "2"}),
    ("delete /x", "deleted /x\n", {}),
    ("delete -ay --prefix=/x prefix", "", {"/x": "1"}),
]


@pytest.mark.parametrize(("line", "out", "stored"), WRITES, ids=[line for line, *_ in WRITES])
def test_writing_command_is_completed(
    database: Config, etcd: Etcd, line: str, out: str, stored: dict[str, str]
) -> None:
    fill(database, {"/x": 1})
    result = run_interrupted(etcd, line.split(), False, **COMMIT)
    assert (result.code, result.out) == (0, out)
    assert result.err in ("", TOO_LATE)
    assert bool(result.err) == bool(out), "Ctrl-C is reported only if there was one"
    assert contents(database) == stored


def test_second_ctrl_c_stops_a_writing_command(database: Config, etcd: Etcd) -> None:
    result = run_interrupted(etcd, ["create", "/y", "2"], True, **COMMIT | {"times": 2})
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == (
        "ska-sdp: Stopped before the database replied: check what was written."
    )


LAST = """
import os, signal
from ska_sdp_config.cli import interrupts
from ska_sdp_config.cli.interrupts import defer_interrupts, stop_on_interrupt

# A pause of the machine between signal and end must not matter.
interrupts.GRACE_S = 3600.0
stopped = 0
for _ in range(200):
    try:
        with stop_on_interrupt():
            os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        stopped += 1
    with defer_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
print(stopped)
"""


def test_ctrl_c_at_the_end_is_not_lost() -> None:
    """Whether or not its thread has run before the body ends."""
    assert run_command([sys.executable, "-c", LAST]) == (0, "200\n", 200 * TOO_LATE)
