"""Commands that correct or delete the value of a key, ready to be pasted."""

from __future__ import annotations

import shlex

from ska_sdp_config.cli.objects import PB, locate
from ska_sdp_config.cli.options import prefix_option
from ska_sdp_config.live import values

__all__ = ["needs_force", "way_to_delete", "way_to_edit"]


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
