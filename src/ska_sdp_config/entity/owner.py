"""Who owns a processing block, or is a component."""

from __future__ import annotations

from ska_sdp_config.entity.base import StoredModel

__all__ = ["Owner"]


class Owner(StoredModel):
    """A process, as those who look for it need it (schema 3.2.2 of the seed).

    Attributes:
        pid: number of the process.
        hostname: the host that it runs on.
        command: its command line.
    """

    pid: int
    hostname: str
    command: list[str]
