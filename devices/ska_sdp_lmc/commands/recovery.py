"""On, Off, Abort, ObsReset and Restart (spec 4.2)."""

from __future__ import annotations

from ska_sdp_lmc.commands.change import Change

__all__ = ["abort", "obs_reset", "off", "on", "restart"]


def on(change: Change) -> None:
    """Switch on, with nothing assigned, whatever a damaged entry may have left."""
    _drop_everything(change)


def off(change: Change) -> None:
    """Switch off: cancel the execution block, release all resources."""
    _drop_everything(change)


def abort(change: Change) -> None:
    """Stop what goes on; the scan type and the execution block stay."""
    change.update_eb(scans=change.closed_scans("ABORTED"), scan_id=None)


def obs_reset(change: Change) -> None:
    """Return to IDLE with the execution block, past what has failed by now."""
    change.acknowledge_failures()
    change.update_eb(scans=change.closed_scans("ABORTED"), current_scan_type=None, scan_id=None)


def restart(change: Change) -> None:
    """Return to EMPTY: cancel the execution block, release all resources."""
    _drop_everything(change)


def _drop_everything(change: Change) -> None:
    change.assign({})
    change.end_eb("CANCELLED")
