"""A processing script: takes a processing block and follows the scans of its execution block.

    python examples/processing_script.py PB_ID

It notes each scan in the state of its processing block, and ends with the execution block. The
database is the one that SDP_CONFIG_HOST and SDP_CONFIG_PORT name.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.config import Transaction


def main(pb_id: str) -> None:
    """Process one processing block from beginning to end."""
    # Owned as long as this process lives: nobody else runs the same processing block.
    with Config(owned_entity=("pb", pb_id)) as config:
        eb_id = begin(config, pb_id)
        follow(config, pb_id, eb_id)


def begin(config: Config, pb_id: str) -> str:
    """Say that the processing block runs, and give the id of its execution block."""
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
    """Note each scan, until the execution block has ended."""
    end = None
    told: list[int] = []
    for watcher in config.watcher():
        scans: list[int] = told
        try:
            for txn in watcher.txn():
                # The body may run several times: it reads and writes, and does nothing else.
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
            # The database is full, say. The loop turns soon, and reads how things stand.
            print(error, file=sys.stderr, flush=True)
            continue
        # Here it is committed.
        for scan_id in scans[len(told) :]:
            print(f"scan {scan_id}", flush=True)
        told = scans
        if end is not None:
            break
    print(f"{eb_id} is {end}: {len(told)} scans", flush=True)


def change_state(txn: Transaction, pb_id: str, **changes: Any) -> None:
    """Set fields of the processing block's state, and leave the others as they are."""
    state = txn.processing_block.state(pb_id)
    now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    state.create_or_update({**(state.get() or {}), **changes, "last_updated": now})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"Usage: {sys.argv[0]} PB_ID")
    main(sys.argv[1])
