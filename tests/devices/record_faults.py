"""Write ``tests/recordings``: ``ska-sdp record`` of devices and simulators on a real etcd.

Run it only if the stored format changes: ``.venv/bin/python -m tests.devices.record_faults``. Then
write the new times to ``tests/cli/test_recordings.py`` and ``docs/how-to/command-line.md``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ska_sdp_config import Config
from ska_sdp_sim import Simulator
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.etcd import QUICK
from tests.support.scripts import change
from tests.support.todays_sdp import ENTRY_PATH, PB, PB_STATE, left_by_todays_sdp, put
from tests.support.waiting import wait_until

from .conftest import served
from .observing import FOR_EVER, Observation, arguments, emptied, observation

RECORDINGS = Path(__file__).parents[1] / "recordings"


@contextmanager
def recording(etcd: Etcd, name: str) -> Iterator[None]:
    """Record the database of an etcd during the body."""
    file = RECORDINGS / f"{name}.jsonl"
    file.unlink(missing_ok=True)
    where = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "ska_sdp_config.cli", "record", str(file)],
        env={**os.environ, **where},
    )
    with process:
        wait_until(lambda: file.exists() and file.stat().st_size > 0, what="the snapshot")
        yield
        with Config(**arguments(etcd)) as config:
            put(config, {"/end": {}})
        wait_until(lambda: '"/end"' in file.read_text(), what="the last change")
        process.send_signal(signal.SIGINT)


def block_fails(etcd: Etcd) -> None:
    with observation(etcd) as observed, recording(etcd, "block-fails"):
        observed.switch_on()
        assign(observed, fail_at="scanning", exception="no disk is left")
        command(observed, "Configure", "READY")
        command(observed, "Scan", "FAULT")
        command(observed, "ObsReset", "IDLE")
        command(observed, "ReleaseAllResources", "EMPTY")


def assignment_times_out(etcd: Etcd) -> None:
    with (
        observation(etcd, TimeoutAssignResources="1") as observed,
        recording(etcd, "assignment-times-out"),
    ):
        observed.switch_on()
        assign(observed, "FAULT", time_to_resource=FOR_EVER)
        wait_until(lambda: observed.entry["errors"], what="the error is stored")
        command(observed, "Restart", "EMPTY")


def component_is_lost(etcd: Etcd) -> None:
    with (
        observation(etcd, ("proccontrol",)) as observed,
        recording(etcd, "component-is-lost"),
    ):
        with Simulator(("helmdeploy",), **arguments(etcd)):
            wait_for_health(observed, "OK")
            observed.switch_on()
            assign(observed)
        wait_for_health(observed, "DEGRADED")
        with Simulator(("helmdeploy",), **arguments(etcd)):
            wait_for_health(observed, "OK")
            command(observed, "Configure", "READY")


def entry_is_damaged(etcd: Etcd) -> None:
    with observation(etcd) as observed, recording(etcd, "entry-is-damaged"):
        observed.switch_on()
        assign(observed)
        change(observed.config, ENTRY_PATH, last_command_time="soon")
        observed.wait_for("FAULT")
        command(observed, "Restart", "EMPTY")
        for txn in observed.config.txn():
            txn.raw.update(ENTRY_PATH, "{")
        wait_for_health(observed, "DEGRADED")


def scan_is_aborted(etcd: Etcd) -> None:
    with observation(etcd) as observed, recording(etcd, "scan-is-aborted"):
        observed.switch_on()
        assign(observed)
        command(observed, "Configure", "READY")
        command(observed, "Scan", "SCANNING")
        command(observed, "Abort", "ABORTED")
        command(observed, "Restart", "EMPTY")


def scan_is_taken_over(etcd: Etcd) -> None:
    """Record the entries of the SDP deployed today, then commands of these devices."""
    with emptied(etcd) as config, recording(etcd, "scan-is-taken-over"):
        block = {"current_scan_type": "science", "scan_id": 4}
        put(config, left_by_todays_sdp({"obs_state_commanded": "SCANNING"}, block))
        with served(RequiredComponents="none", TimeoutDatabase="20") as (_, subarray):
            observed = Observation(subarray, config)
            observed.wait_for("SCANNING")
            failed = {**PB_STATE, "status": "FAILED", "error_messages": ["no disk is left"]}
            change(config, f"/pb/{PB}/state", **failed)
            observed.wait_for("FAULT")
            command(observed, "ObsReset", "IDLE")
            command(observed, "ReleaseAllResources", "EMPTY")


FAULTS: list[Callable[[Etcd], None]] = [
    block_fails,
    assignment_times_out,
    component_is_lost,
    entry_is_damaged,
    scan_is_aborted,
    scan_is_taken_over,
]


def assign(observed: Observation, until: str = "IDLE", **parameters: float | str) -> None:
    observed.command("AssignResources", observed.new_assignment(**parameters))
    observed.wait_for(until)
    if until == "IDLE":
        wait_until(lambda: observed.entry["reached"], what="the end of the wait is stored")


def command(observed: Observation, name: str, until: str) -> None:
    observed.command(name, observed.message_for(name))
    observed.wait_for(until)


def wait_for_health(observed: Observation, health: str) -> None:
    wait_until(lambda: observed.subarray.healthState.name == health, 30, f"health {health}")


def main() -> None:
    RECORDINGS.mkdir(exist_ok=True)
    for fault in FAULTS:
        with (
            tempfile.TemporaryDirectory() as directory,
            Etcd(Path(directory), flags=QUICK) as etcd,
        ):
            fault(etcd)


if __name__ == "__main__":
    main()
