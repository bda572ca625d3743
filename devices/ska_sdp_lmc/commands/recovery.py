"""On, Off, Abort, ObsReset and Restart."""

from __future__ import annotations

from ska_sdp_lmc.commands.write_builder import WriteBuilder

__all__ = ["abort", "obs_reset", "off", "on", "restart"]


def on(builder: WriteBuilder) -> None:
    """Switch on, without resources even if a damaged entry has some."""
    _release_everything(builder)


def off(builder: WriteBuilder) -> None:
    """Switch off: cancel the execution block and release all resources."""
    _release_everything(builder)


def abort(builder: WriteBuilder) -> None:
    """End running scans; keep the scan type and the execution block."""
    builder.update_eb(scans=builder.closed_scans("ABORTED"), scan_id=None)


def obs_reset(builder: WriteBuilder) -> None:
    """Return to IDLE with the execution block, and acknowledge its failures."""
    builder.acknowledge_failures()
    builder.update_eb(scans=builder.closed_scans("ABORTED"), current_scan_type=None, scan_id=None)


def restart(builder: WriteBuilder) -> None:
    """Return to EMPTY: cancel the execution block and release all resources."""
    _release_everything(builder)


def _release_everything(builder: WriteBuilder) -> None:
    builder.assign({})
    builder.end_eb("CANCELLED")
