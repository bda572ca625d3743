"""A processing controller: starts the script of each processing block as a process.

    python examples/controller.py

The only known script is scan-log, which is processing_script.py in the same directory. Ctrl-C
stops the controller and the scripts that it has started. SDP_CONFIG_HOST and SDP_CONFIG_PORT
define the database.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher

SCRIPTS = {"scan-log": Path(__file__).with_name("processing_script.py")}
DONE = ("FINISHED", "CANCELLED", "FAILED")
CHECK_INTERVAL_S = 1.0
"""Seconds between checks for ended processes, which the database does not report."""


def main() -> None:
    """Start scripts until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        # The component is online while this process is alive.
        with Config(component_name="proccontrol") as config:
            print("proccontrol is online", flush=True)
            control(config, running)
    except KeyboardInterrupt:
        print("ending", flush=True)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def control(config: Config, running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Start scripts, and mark the processing blocks of crashed ones as FAILED."""
    for watcher in config.watcher(timeout=CHECK_INTERVAL_S):
        try:
            start_scripts(watcher, running)
            check_processes(config, running)
        except ConfigConnectionError as error:
            # E.g. the database is full. The next iteration reads the current state and retries.
            print(error, file=sys.stderr, flush=True)


def start_scripts(
    watcher: Watcher[Transaction], running: dict[str, subprocess.Popen[bytes]]
) -> None:
    """Start the script of each processing block without an owner."""
    due: list[tuple[str, Path]] = []
    for txn in watcher.txn():
        due = []
        for pb_id, pb in txn.processing_block.query_values():
            if pb_id in running or not is_free(txn, pb_id):
                continue
            script = SCRIPTS.get(pb.script.name)
            if script is None:
                set_state(txn, pb_id, status="FAILED", reason=f"{pb.script} is not known")
                continue
            set_state(txn, pb_id, status="WAITING", resources_available=True)
            due.append((pb_id, script))
    # Only after the commit: the body of a transaction may run several times.
    for pb_id, script in due:
        running[pb_id] = subprocess.Popen([sys.executable, str(script), pb_id])
        print(f"started {script.name} {pb_id}", flush=True)


def check_processes(config: Config, running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Mark the processing blocks of crashed scripts as FAILED."""
    for pb_id in [pb_id for pb_id, process in running.items() if process.poll() is not None]:
        code = running[pb_id].returncode
        if code != 0:
            fail(config, pb_id, f"the script ended with exit code {code}")
        print(f"the script of {pb_id} has ended with exit code {code}", flush=True)
        del running[pb_id]


def is_free(txn: Transaction, pb_id: str) -> bool:
    """Return whether a processing block is unfinished and has no owner."""
    operations = txn.processing_block(pb_id)
    state = operations.state.get() or {}
    return state.get("status") not in DONE and not operations.ownership.is_owned()


def fail(config: Config, pb_id: str, reason: str) -> None:
    """Mark a processing block as FAILED, unless it has ended already."""
    for txn in config.txn():
        state = txn.processing_block.state(pb_id).get() or {}
        if txn.processing_block.exists(pb_id) and state.get("status") not in DONE:
            set_state(txn, pb_id, status="FAILED", reason=reason)


def set_state(txn: Transaction, pb_id: str, **changes: Any) -> None:
    """Set some fields of the state of a processing block."""
    state = txn.processing_block.state(pb_id)
    now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    if not state.exists():
        state.create({})
    state.patch(**changes, last_updated=now)


if __name__ == "__main__":
    main()
