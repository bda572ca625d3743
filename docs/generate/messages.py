"""Examples of messages, the project's own."""

from __future__ import annotations

from ska_sdp_config.lmc.schema.versions import KNOWN
from ska_sdp_lmc.messages.examples import example

__all__ = ["newest"]

_SCHEMAS = {
    "AssignResources": "assignres",
    "ReleaseResources": "releaseres",
    "Configure": "configure",
    "Scan": "scan",
    "receiveAddresses": "recvaddrs",
}


def newest() -> str:
    """Write an example of each schema in its newest version."""
    return "\n".join(
        f"## {name}\n\n```json\n{example(f'{schema}-{max(KNOWN)}').strip()}\n```\n"
        for name, schema in _SCHEMAS.items()
    )
