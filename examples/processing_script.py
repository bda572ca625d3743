"""A processing script: takes a processing block and follows the scans of its execution block.

    python examples/processing_script.py PB_ID

It records each scan in the state of its processing block, and ends with the execution block.
SDP_CONFIG_HOST and SDP_CONFIG_PORT define the database.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.config import Transaction


def main(pb_id: str) -> None:
    """Process one processing block from beginning to end."""
    # Owned while this process is alive, so that no other process runs the processing block.
    with Config(owned_entity=("pb", pb_id)) as config:
        eb_id = begin(config, pb_id)
        follow(config, pb_id, eb_id)


def begin(config: Config, pb_id: str) -> str:
    """Set the state to RUNNING, and return the id of the execution block."""
    eb_id = None
    for txn in config.txn():
        pb = txn.processing_block.get(pb_id)
        eb_id = None if pb is None else pb.eb_id
        if eb_id is not None:
            change_state(
                txn, pb_id, status="RUNNING", resources_available=True, deployments_ready=True
            )
    if eb_id is None:
        raise SystemExit(f"{pb_id} is not there, or has no execution block: nothing to follow.")
    print(f"{pb_id} runs for {eb_id}", flush=True)
    return eb_id


def follow(config: Config, pb_id: str, eb_id: str) -> None:
    """Record each scan until the end of the execution block."""
    end = None
    printed: list[int] = []
    for watcher in config.watcher():
        scans: list[int] = printed
        try:
            for txn in watcher.txn():
                # The body may run several times, so it must have no other side effects.
                eb = txn.execution_block.get(eb_id)
                state = txn.processing_block.state(pb_id).get() or {}
                scans = list(state.get("scans", []))
                if eb is not None and eb.scan_id is not None and eb.scan_id not in scans:
                    scans.append(eb.scan_id)
                    change_state(txn, pb_id, scans=scans)
                status = "CANCELLED" if eb is None else eb.status
                end = None if status == "ACTIVE" else status
                if end is not None:
                    change_state(txn, pb_id, status=end)
        except ConfigConnectionError as error:
            # E.g. the database is full. The next iteration reads the current state.
            print(error, file=sys.stderr, flush=True)
            continue
        # The transaction is committed.
        for scan_id in scans[len(printed) :]:
            print(f"scan {scan_id}", flush=True)
        printed = scans
        if end is not None:
            break
    print(f"{eb_id} is {end}: {len(printed)} scans", flush=True)


def change_state(txn: Transaction, pb_id: str, **changes: Any) -> None:
    """Set some fields of the state of the processing block."""
    state = txn.processing_block.state(pb_id)
    now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    if not state.exists():
        state.create({})
    state.patch(**changes, last_updated=now)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"Usage: {sys.argv[0]} PB_ID")
    main(sys.argv[1])
