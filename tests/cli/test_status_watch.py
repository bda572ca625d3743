"""``ska-sdp status --watch``."""

from __future__ import annotations

import signal
import subprocess
import sys

import pexpect
import pytest
from docs.generate.terminal import Program

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.fault_scene import (
    FAILED,
    IDLE,
    WAITING,
    fault_scene,
    fault_scene_with,
)
from tests.support.proxy import Proxy

from .conftest import PROGRAM, Start, environment, fill, update
from .pseudo_terminal import COLOURS, without_size


def test_watch_prints_a_document_after_each_change(database: Config, start: Start) -> None:
    fill(database, fault_scene())
    process = start("status", "--watch", "-o", "json")
    assert process.stdout is not None
    assert '"obs_state": "FAULT"' in process.stdout.readline()
    scene = fault_scene_with(IDLE)
    update(database, "/lmc/subarray/01", encode(scene["/lmc/subarray/01"]))
    assert '"obs_state": "FAULT"' not in process.stdout.readline()
    update(database, f"/pb/{WAITING}/state", '{"status": "RUNNING"}')
    assert '"RUNNING": 1' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_watch_shows_a_change_after_an_outage(
    database: Config, etcd: Etcd, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "5")
    fill(database, fault_scene())
    with Proxy(etcd.host, etcd.port) as proxy:
        process = start("status", "--watch", "-o", "json", server=proxy)
        assert process.stdout is not None
        assert process.stderr is not None
        assert '"obs_state": "FAULT"' in process.stdout.readline()
        # Its requests are held back until it has warned of the outage.
        proxy.hold(up=True)
        entry = fault_scene_with(IDLE)["/lmc/subarray/01"]
        update(database, "/lmc/subarray/01", encode(entry))
        assert process.stderr.readline().startswith("ska-sdp: ")
        proxy.release()
        assert any('"obs_state": "FAULT"' not in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


FIRST_LATENCY_FAILS = """
import sys
from ska_sdp_config.cli import database_status, program
from ska_sdp_config.store.errors import ConfigConnectionError

measure = database_status.measure_latency

def fail(backend):
    database_status.measure_latency = measure
    raise ConfigConnectionError("The database did not answer.")

database_status.measure_latency = fail
sys.exit(program.run(sys.argv[1:]))
"""
"""The command line in a short outage, between the reading of the system and of the latency."""


def test_watch_shows_the_system_after_the_latency_could_not_be_measured(
    database: Config, etcd: Etcd
) -> None:
    fill(database, fault_scene())
    command = [sys.executable, "-c", FIRST_LATENCY_FAILS, "status", "--watch", "-o", "json"]
    with subprocess.Popen(
        command, env=environment(etcd, {}), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            # Without another change.
            assert '"obs_state": "FAULT"' in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 1
        finally:
            process.kill()


def test_watch_redraws_a_terminal_in_place(database: Config, etcd: Etcd) -> None:
    fill(database, fault_scene())
    env = without_size(environment(etcd, COLOURS))
    with Program([*PROGRAM, "status", "--watch"], env, size=(12, 80), timeout=120) as terminal:
        terminal.screen.expect_exact("\x1b[H\x1b[2J")
        terminal.screen.expect(r"… \d+ more lines")
        assert str(terminal.screen.before).count("\n") <= 12
        update(database, f"/pb/{FAILED}/state", '{"status": "FAILED", "reason": "other"}')
        terminal.screen.expect_exact("\x1b[H\x1b[2J")
        terminal.screen.expect_exact("FAILED: other")
        # Ages stay true without a change.
        terminal.screen.expect_exact("\x1b[H\x1b[2J")
        terminal.screen.expect(r"at \d\d:\d\d:\d\d UTC")
        terminal.interrupt()
        terminal.screen.expect(pexpect.EOF)
        assert terminal.close() == 1
