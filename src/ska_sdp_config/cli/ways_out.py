"""Commands that end a failure, ready to be pasted."""

from __future__ import annotations

from collections.abc import Collection

from ska_sdp_config.cli.options import prefix_option
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.block_index import Row
from ska_sdp_config.lmc.rows import PbRow

__all__ = ["way_out_of_block", "way_out_of_deployment", "way_out_of_pb"]


def way_out_of_pb(pb_id: str, prefix: str) -> str:
    """Return the command that ends the failure of a processing block.

    The command keeps the block, but replaces its whole state, including the reason, the error
    messages and the deployments: no command sets a single field.
    """
    return (
        f"""ska-sdp update pb-state {pb_id}{prefix_option(prefix)} '{{"status": "CANCELLED"}}'"""
    )


def way_out_of_deployment(deployment_id: str, prefix: str) -> str:
    """Return the command that ends the failure of a deployment."""
    return f"ska-sdp delete deployment {deployment_id}{prefix_option(prefix)}"


def way_out_of_block(row: Row, prefix: str, causes: Collection[str]) -> str:
    """Return the command that ends the failure of a processing block or deployment.

    Args:
        row: row of the block.
        prefix: path before all paths of the system.
        causes: paths of the entries that put a subarray in FAULT.

    Returns:
        The command; empty for a cause of FAULT, which commands of the subarray end.
    """
    if isinstance(row, PbRow):
        is_cause = paths.processing_block(row.pb_id) in causes
        return "" if is_cause else way_out_of_pb(row.pb_id, prefix)
    return way_out_of_deployment(row.deployment_id, prefix)
