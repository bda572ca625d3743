"""Record of the probes of watch streams."""

from __future__ import annotations

import threading

import pytest

from ska_sdp_config.drivers.etcd.channel import Channel
from ska_sdp_config.drivers.etcd.client import EtcdClient


def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the revision that each later probe of a stream reads."""
    done: list[int] = []
    newest_revision = EtcdClient.newest_revision

    def read(client: EtcdClient, channel: Channel, timeout: float) -> int:
        revision = newest_revision(client, channel, timeout)
        # After a compaction or a restore, the thread of the stream reads it too.
        if threading.current_thread().name == "config-watchdog":
            done.append(revision)
        return revision

    monkeypatch.setattr(EtcdClient, "newest_revision", read)
    return done
