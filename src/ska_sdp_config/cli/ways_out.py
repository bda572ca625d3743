"""Commands that end a failure or correct a value, ready to be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from ska_sdp_config.cli.objects import PB, locate
from ska_sdp_config.cli.options import prefix_option
from ska_sdp_config.live import values
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.block_index import Row
from ska_sdp_config.lmc.rows import PbRow

__all__ = [
    "needs_force",
    "way_out_of_block",
    "way_out_of_deployment",
    "way_out_of_pb",
    "way_to_delete",
    "way_to_edit",
]


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


def needs_force(path: str, text: str, prefix: str) -> bool:
    """Return whether ``ska-sdp edit`` takes the value of a key only with ``--force``.

    Args:
        path: the full path.
        text: the stored text.
        prefix: the global prefix.
    """
    place = locate(path, prefix)
    is_immutable = place is not None and place.kind == PB and not place.part
    return is_immutable or not (values.is_json(text) and values.is_utf8(values.pretty(text)))


def way_to_edit(path: str, prefix: str, *, force: bool) -> str:
    """Return the command that edits the value of a key.

    Args:
        path: the full path.
        prefix: the global prefix.
        force: whether it needs ``--force``, see ``needs_force``.
    """
    option = " --force" if force else ""
    return f"ska-sdp edit{option} {shlex.quote(path)}{prefix_option(prefix)}"


def way_to_delete(path: str, prefix: str) -> str:
    """Return the command that deletes a key, given by its full path."""
    return f"ska-sdp delete {shlex.quote(path)}{prefix_option(prefix)}"
