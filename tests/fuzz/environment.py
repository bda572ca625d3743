"""Environment variables of a fuzzing run: the addresses of real databases are removed."""

from __future__ import annotations

import os

__all__ = ["drop_addresses"]


def drop_addresses() -> None:
    """Remove the environment variables with the addresses of etcd and the Tango database."""
    for name in [each for each in os.environ if each.startswith(("SDP_CONFIG_", "TANGO_HOST"))]:
        del os.environ[name]
