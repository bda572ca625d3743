"""Owners of entities and components."""

from __future__ import annotations

from ska_sdp_config.entity.base import StoredModel
from ska_sdp_config.entity.common.ids import PATH_PART

__all__ = ["Owner"]


class Owner(StoredModel):
    """Process that owns an entity or is a component.

    Attributes:
        pid: process ID.
        hostname: host name.
        command: command line.
    """

    pid: int
    hostname: str
    command: list[str]

    @classmethod
    def key_patterns(cls) -> dict[str, str]:
        """Return the regular expression of the name of a component, which its owner represents."""
        return {"name": PATH_PART}
