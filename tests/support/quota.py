"""Fill the database up to its quota, and free space again."""

from __future__ import annotations

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backend import ConfigRefused
from ska_sdp_config.engine.backend import Backend
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.cluster import raw
from tests.support.waiting import wait_until


def fill(backend: Backend) -> None:
    """Write until the server rejects it; the server checks its size only periodically."""
    with pytest.raises(ConfigRefused, match=r"is full.*--quota-backend-bytes"):  # noqa: PT012
        for number in range(1000):
            backend.create(f"/large/{number}", "x" * 500_000)


def make_room(server: Etcd) -> None:
    """Free space: delete, compact, defragment, disarm the alarm."""
    with raw(server.endpoint) as channel:
        keys, upkeep = etcdrpc.KVStub(channel), etcdrpc.MaintenanceStub(channel)
        deleted = keys.DeleteRange(
            etcdrpc.DeleteRangeRequest(key=b"2/large/", range_end=b"2/large0"), timeout=10
        )
        revision = deleted.header.revision
        keys.Compact(etcdrpc.CompactionRequest(revision=revision, physical=True), timeout=10)
        upkeep.Defragment(etcdrpc.DefragmentRequest(), timeout=10)
        every = etcdrpc.AlarmRequest(action=etcdrpc.AlarmRequest.GET, alarm=etcdrpc.NOSPACE)
        wait_until(lambda: upkeep.Alarm(every, timeout=10).alarms, what="the alarm")
        for alarm in upkeep.Alarm(every, timeout=10).alarms:
            disarm = etcdrpc.AlarmRequest(
                action=etcdrpc.AlarmRequest.DEACTIVATE, memberID=alarm.memberID, alarm=alarm.alarm
            )
            upkeep.Alarm(disarm, timeout=10)
