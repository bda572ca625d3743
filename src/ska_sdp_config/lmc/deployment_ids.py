"""IDs of the deployments of processing blocks."""

from __future__ import annotations

import hashlib
import re

__all__ = ["deployment_id", "script_deployment_id", "to_id_characters"]

_MAX_ID_LENGTH = 96


def script_deployment_id(pb_id: str) -> str:
    """Return the ID of the deployment that runs a processing block's script."""
    return deployment_id(pb_id, "script")


def deployment_id(pb_id: str, chart: str) -> str:
    """Return the ID of a processing block's deployment of a chart.

    It is always the same for one block and chart, and valid for charts with any characters.
    """
    name = to_id_characters(f"proc-{pb_id}-{chart}")
    if len(name) <= _MAX_ID_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: _MAX_ID_LENGTH - len(digest) - 1]}-{digest}"


def to_id_characters(text: str) -> str:
    """Return a text with a hyphen for each character that a deployment's ID cannot have."""
    return re.sub(r"[^A-Za-z0-9-]", "-", text)
