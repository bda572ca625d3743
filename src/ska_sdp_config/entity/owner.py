"""Owners of entities and components."""

from __future__ import annotations

from ska_sdp_config.entity.base import StoredModel

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
