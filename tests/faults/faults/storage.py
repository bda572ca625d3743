"""Faults of the storage of the etcd cluster: compaction, exceeded quota, full disk."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
from pyetcd import etcdrpc

from tests.faults.database_log import DatabaseLog
from tests.faults.faults.fault import FaultNotPossibleError
from tests.support.cluster import Cluster, Member, raw
from tests.support.waiting import wait_until

__all__ = ["Compactions", "Compactor", "DiskFull", "QuotaExceeded", "small_disk"]

NORMAL_INTERVAL_S = 10.0
FAULT_INTERVAL_S = 0.2
"""Seconds between two compactions, without and with the fault."""

CALL_TIMEOUT_S = 5.0
END_WITHIN_S = 30.0
"""Time in which the cluster accepts writes again after an exceeded quota, in seconds."""

BALLAST = b"1" + DatabaseLog.MARK.encode()
"""Key that the log of the database follows and does not keep."""

BALLAST_BYTES = 1_000_000
"""Size of a value of the ballast, below etcd's limit of a request."""

MAX_BALLAST_VALUES = 128
"""Number of values after which the quota has to be exceeded: twice those that fill it."""

DISK_BALLAST_VALUES = 20
"""Number of values that make the database of a member grow while its disk is full."""


def put_ballast(channel: grpc.Channel, size: int) -> int:
    """Overwrite the value of the ballast, and return the revision."""
    request = etcdrpc.PutRequest(key=BALLAST, value=bytes(size))
    revision: int = etcdrpc.KVStub(channel).Put(request, timeout=CALL_TIMEOUT_S).header.revision
    return revision


def compact(channel: grpc.Channel, log: DatabaseLog, revision: int) -> None:
    """Compact the history up to the revision of a ballast value, if it was recorded.

    A compaction at the revision of a deletion has a fault in etcd; that of a value has none.
    """
    if log.revision >= revision:
        request = etcdrpc.CompactionRequest(revision=revision, physical=True)
        etcdrpc.KVStub(channel).Compact(request, timeout=CALL_TIMEOUT_S)


class Compactor:
    """Compacts the history periodically up to what the log has recorded. A context manager.

    It uses one member after the other, and does not retry.

    Args:
        cluster: the cluster.
        log: log of the database.

    Attributes:
        interval_s: seconds between two compactions.
        is_held: whether it compacts nothing for now.
    """

    def __init__(self, cluster: Cluster, log: DatabaseLog) -> None:
        self.interval_s = NORMAL_INTERVAL_S
        self.is_held = False
        self._cluster = cluster
        self._log = log
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compactor")

    def __enter__(self) -> Compactor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        revision, number, waited = 0, 0, 0.0
        while not self._closed.wait(FAULT_INTERVAL_S):
            waited += FAULT_INTERVAL_S
            if self.is_held or waited < self.interval_s:
                continue
            waited = 0
            number += 1
            member = self._cluster.members[number % len(self._cluster.members)]
            # An error is that of another fault, or of a revision that is compacted already.
            with suppress(grpc.RpcError), raw(member.endpoint) as channel:
                if revision:
                    compact(channel, self._log, revision)
                revision = put_ballast(channel, 0)


@dataclass
class Compactions:
    """Compaction of all history every 200 ms."""

    compactor: Compactor
    name: str = "compaction every 200 ms"
    lasts_s: tuple[float, float] = (1.0, 4.0)

    def begin(self) -> None:
        self.compactor.interval_s = FAULT_INTERVAL_S

    def end(self) -> None:
        self.compactor.interval_s = NORMAL_INTERVAL_S


@dataclass
class QuotaExceeded:
    """Database that is larger than its quota: etcd raises the alarm NOSPACE and rejects writes.

    Attributes:
        cluster: the cluster, with a small quota.
        log: log of the database.
        compactor: compacts its history.
    """

    cluster: Cluster
    log: DatabaseLog
    compactor: Compactor
    name: str = "quota exceeded"
    lasts_s: tuple[float, float] = (0.5, 3.0)
    _revision: int = 0

    def begin(self) -> None:
        """Write until etcd rejects it; etcd checks the size only periodically."""
        # A compaction would free what was written, so that the quota might never be exceeded.
        self.compactor.is_held = True
        try:
            self._fill()
        finally:
            self.compactor.is_held = False

    def _fill(self) -> None:
        with raw(self._member.endpoint) as channel:
            reason = f"{self._member.name} accepts {MAX_BALLAST_VALUES} MB"
            try:
                for _ in range(MAX_BALLAST_VALUES):
                    self._revision = put_ballast(channel, BALLAST_BYTES)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                    return
                reason = f"{self._member.name} does not accept writes: {error}"
        self.end()
        raise FaultNotPossibleError(reason)

    def end(self) -> None:
        """Compact, defragment, and disarm the alarm."""
        wait_until(self._is_healed, END_WITHIN_S, "the cluster accepts writes again")

    @property
    def _member(self) -> Member:
        return self.cluster.members[0]

    def _is_healed(self) -> bool:
        try:
            with raw(self._member.endpoint) as channel:
                with suppress(grpc.RpcError):
                    # The revision may be compacted already.
                    compact(channel, self.log, self._revision)
                for member in self.cluster.members:
                    with raw(member.endpoint) as each:
                        etcdrpc.MaintenanceStub(each).Defragment(
                            etcdrpc.DefragmentRequest(), timeout=CALL_TIMEOUT_S
                        )
                disarm(channel)
                put_ballast(channel, 0)
        except grpc.RpcError:
            return False
        return True


def disarm(channel: grpc.Channel) -> None:
    """Disarm all alarms."""
    upkeep = etcdrpc.MaintenanceStub(channel)
    every = etcdrpc.AlarmRequest(action=etcdrpc.AlarmRequest.GET)
    for alarm in upkeep.Alarm(every, timeout=CALL_TIMEOUT_S).alarms:
        request = etcdrpc.AlarmRequest(
            action=etcdrpc.AlarmRequest.DEACTIVATE, memberID=alarm.memberID, alarm=alarm.alarm
        )
        upkeep.Alarm(request, timeout=CALL_TIMEOUT_S)


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[None]:
    """Mount a file system of limited size at a directory.

    Raises:
        PermissionError: this user may not mount one.
    """
    directory.mkdir(parents=True, mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        raise PermissionError(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill_disk(path: Path) -> None:
    """Fill the disk of a file with this file, while others write."""
    with path.open("wb") as file:
        space = os.statvfs(path)
        used, size = 0, space.f_bavail * space.f_frsize
        while size >= space.f_frsize:
            try:
                os.posix_fallocate(file.fileno(), used, size)
                used += size
            except OSError:
                size //= 2


@dataclass
class DiskFull:
    """Full disk of a member, which ends when its database has to grow.

    Attributes:
        cluster: the cluster.
        index: index of the member, whose data are on a small disk.
        disk: directory of this disk.
    """

    cluster: Cluster
    index: int
    disk: Path
    name: str = "disk full"
    lasts_s: tuple[float, float] = (0.5, 3.0)

    def begin(self) -> None:
        fill_disk(self._file)
        with (
            suppress(grpc.RpcError),
            raw(self.cluster.members[self.index - 1].endpoint) as channel,
        ):
            for _ in range(DISK_BALLAST_VALUES):
                put_ballast(channel, BALLAST_BYTES)

    def end(self) -> None:
        """Free the space, and start the member if it has ended."""
        self._file.unlink()
        member = self.cluster.members[self.index]
        if not member.running:
            member.launch()

    @property
    def _file(self) -> Path:
        return self.disk / "ballast"
