"""Commands that show, correct, delete or end something, ready to be pasted into a shell.

Keys of the database may have any characters, so each word is quoted. Commands take only plain IDs:
an object with another one is named by its path.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from typing import TYPE_CHECKING

from ska_sdp_config.cli.objects import DEPLOYMENT, EB, PB, SdpObject, locate
from ska_sdp_config.live import values
from ska_sdp_config.lmc import paths

if TYPE_CHECKING:
    from ska_sdp_config.lmc.block_index import Row

__all__ = [
    "needs_force",
    "way_out_of_block",
    "way_out_of_deployment",
    "way_out_of_pb",
    "way_to_delete",
    "way_to_edit",
    "way_to_end",
    "way_to_get",
    "way_to_see_pb",
]

_PLAIN_ID = re.compile("[A-Za-z0-9_.][A-Za-z0-9_.-]{0,127}")
"""ID that every command takes: it is no option, and a part of a path."""


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
    return _command(prefix, "edit", *(["--force"] if force else []), path)


def way_to_delete(path: str, prefix: str) -> str:
    """Return the command that deletes a key, given by its full path."""
    return _command(prefix, "delete", path)


def way_to_get(kind: SdpObject, key: str, prefix: str) -> str:
    """Return the command that prints the value of an object."""
    return _command(prefix, "get", *_named(kind, key, prefix))


def way_to_see_pb(pb_id: str, prefix: str) -> str:
    """Return the command that describes a processing block; without a plain ID, prints it."""
    verb = "describe" if _is_plain(pb_id) else "get"
    return _command(prefix, verb, *_named(PB, pb_id, prefix))


def way_to_end(eb_id: str, prefix: str) -> str:
    """Return the command that ends an execution block; without a plain ID, edits it."""
    if _is_plain(eb_id):
        return _command(prefix, "end", EB.name, eb_id)
    return way_to_edit(EB.path(prefix, eb_id), prefix, force=True)


def way_out_of_pb(pb_id: str, prefix: str) -> str:
    """Return the command that ends the failure of a processing block.

    The command keeps the block, but replaces its whole state, including the reason, the error
    messages and the deployments: no command sets a single field.
    """
    state = ["pb-state", pb_id] if _is_plain(pb_id) else [f"{PB.path(prefix, pb_id)}/state"]
    return _command(prefix, "update", *state, last=['{"status": "CANCELLED"}'])


def way_out_of_deployment(deployment_id: str, prefix: str) -> str:
    """Return the command that ends the failure of a deployment."""
    return _command(prefix, "delete", *_named(DEPLOYMENT, deployment_id, prefix))


def way_out_of_block(row: Row, prefix: str, causes: Collection[str]) -> str:
    """Return the command that ends the failure of a processing block or deployment.

    Args:
        row: row of the block.
        prefix: path before all paths of the system.
        causes: paths of the entries that put a subarray in FAULT.

    Returns:
        The command; empty for a cause of FAULT, which commands of the subarray end.
    """
    # Imported here, so that help does not import the rows.
    from ska_sdp_config.lmc.rows import PbRow

    if isinstance(row, PbRow):
        is_cause = paths.processing_block(row.pb_id) in causes
        return "" if is_cause else way_out_of_pb(row.pb_id, prefix)
    return way_out_of_deployment(row.deployment_id, prefix)


def _command(prefix: str, *words: str, last: Collection[str] = ()) -> str:
    """Return a command line; the option ``--prefix`` comes before the last words."""
    option = ["--prefix", prefix] if prefix else []
    return shlex.join(["ska-sdp", *words, *option, *last])


def _named(kind: SdpObject, key: str, prefix: str) -> list[str]:
    """Return the words that name an object: its kind and its ID, or its path."""
    return [kind.name, key] if _is_plain(key) else [kind.path(prefix, key)]


def _is_plain(key: str) -> bool:
    return _PLAIN_ID.fullmatch(key) is not None
