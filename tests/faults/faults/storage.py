"""Faults of the storage of the etcd cluster: compaction, exceeded quota, full disk."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
from pyetcd import etcdrpc

from tests.faults.database_log import DatabaseLog
from tests.faults.faults.cluster import defragment
from tests.faults.faults.fault import FaultNotPossibleError
from tests.faults.faults.names import COMPACTIONS, QUOTA_EXCEEDED
from tests.support.cluster import Cluster, Member, raw

__all__ = ["Compactions", "Compactor", "DiskFull", "QuotaExceeded", "small_disk"]

LOGGER = logging.getLogger(__name__)

NORMAL_INTERVAL_S = 10.0
FAULT_INTERVAL_S = 0.2
"""Seconds between two compactions, without and with the fault."""

CALL_TIMEOUT_S = 5.0
FILL_WITHIN_S = 20.0
"""Time in which a quota is exceeded, or a disk is full, in seconds."""

END_WITHIN_S = 60.0
"""Time in which the cluster accepts writes again after an exceeded quota, in seconds."""

RETRY_AFTER_S = 0.1
NO_SPACE = "database space exceeded"
"""Text of etcd's error of an exceeded quota; others have the same code."""

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


def is_no_space(error: grpc.RpcError) -> bool:
    """Return whether etcd has rejected a write because of its quota."""
    return NO_SPACE in str(error.details())


def heal(cluster: Cluster, log: DatabaseLog) -> bool:
    """Compact, defragment, and disarm all alarms; return whether each member accepts writes."""
    try:
        with raw(cluster.members[0].endpoint) as channel:
            ballast = etcdrpc.KVStub(channel).Range(
                etcdrpc.RangeRequest(key=BALLAST), timeout=CALL_TIMEOUT_S
            )
            for value in ballast.kvs:
                if log.revision < value.mod_revision:
                    return False
                with suppress(grpc.RpcError):
                    # The revision may be compacted already.
                    compact(channel, log, value.mod_revision)
            for member in cluster.members:
                defragment(member)
            disarm(channel)
        # A member whose database is still too large raises the alarm again.
        for member in cluster.members:
            with raw(member.endpoint) as channel:
                put_ballast(channel, 0)
    except grpc.RpcError:
        return False
    return True


class Compactor:
    """Compacts the history periodically up to what the log has recorded. A context manager.

    It uses one member after the other, and does not retry. Its end raises the error that has ended
    the compactions, if there was one.

    Args:
        cluster: the cluster.
        log: log of the database.

    Attributes:
        interval_s: seconds between two compactions.
        is_paused: whether it compacts nothing for now.
    """

    def __init__(self, cluster: Cluster, log: DatabaseLog) -> None:
        self.interval_s = NORMAL_INTERVAL_S
        self.is_paused = False
        self._cluster = cluster
        self._log = log
        self._closed = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="compactor")

    def __enter__(self) -> Compactor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()
        self.check()

    def check(self) -> None:
        """Raise the error that has ended the compactions, if there was one."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._compact_until_closed()
        except Exception as error:
            self._error = error

    def _compact_until_closed(self) -> None:
        revision, number, waited = 0, 0, 0.0
        while not self._closed.wait(FAULT_INTERVAL_S):
            waited += FAULT_INTERVAL_S
            if self.is_paused or waited < self.interval_s:
                continue
            waited = 0
            number += 1
            member = self._cluster.members[number % len(self._cluster.members)]
            revision = self._compact(member, revision) or revision

    def _compact(self, member: Member, revision: int) -> int:
        """Compact up to a revision, and return that of a new value; 0 if the member rejects it.

        An error is that of another fault.
        """
        with raw(member.endpoint) as channel:
            # The revision may be compacted already: the next one must be written nevertheless.
            with suppress(grpc.RpcError):
                if revision:
                    compact(channel, self._log, revision)
            try:
                return put_ballast(channel, 0)
            except grpc.RpcError as error:
                if is_no_space(error) and not self.is_paused:
                    LOGGER.warning("The quota is exceeded outside its fault: %s", error)
                    heal(self._cluster, self._log)
        return 0


@dataclass
class Compactions:
    """Compaction of all history every 200 ms."""

    compactor: Compactor
    name: str = COMPACTIONS
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
        compactor: compacts its history, except during the fault.
    """

    cluster: Cluster
    log: DatabaseLog
    compactor: Compactor
    name: str = QUOTA_EXCEEDED
    lasts_s: tuple[float, float] = (0.5, 3.0)

    def begin(self) -> Mapping[str, bool]:
        """Write until etcd rejects it; etcd checks the size only periodically.

        Return as ``is_in_effect`` whether etcd has rejected it.
        """
        # A compaction would free what was written, so that the quota might never be exceeded.
        self.compactor.is_paused = True
        try:
            return {"is_in_effect": self._fill(self.cluster.members[0])}
        except FaultNotPossibleError:
            self.compactor.is_paused = False
            raise

    def _fill(self, member: Member) -> bool:
        """Write to a member, and return whether the quota is exceeded."""
        end = time.monotonic() + FILL_WITHIN_S
        accepted = 0
        with raw(member.endpoint) as channel:
            while accepted < MAX_BALLAST_VALUES and time.monotonic() < end:
                try:
                    put_ballast(channel, BALLAST_BYTES)
                    accepted += 1
                except grpc.RpcError as error:
                    if is_no_space(error):
                        return True
                    if not accepted:
                        raise FaultNotPossibleError(
                            f"{member.name} does not accept writes: {error}"
                        ) from error
                    # A busy cluster may elect a leader.
                    time.sleep(RETRY_AFTER_S)
        LOGGER.warning("The quota is not exceeded after %d values of 1 MB.", accepted)
        return False

    def end(self) -> None:
        """Compact, defragment, and disarm the alarm."""
        # A member that is down would raise the alarm again after its start.
        self.cluster.revive()
        end = time.monotonic() + END_WITHIN_S
        while not heal(self.cluster, self.log):
            if time.monotonic() > end:
                LOGGER.warning("The quota is exceeded still: the compactor tries to end it.")
                break
            time.sleep(RETRY_AFTER_S)
        self.compactor.is_paused = False


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
    """Fill the rest of the disk of a file with this file, while others write."""
    with path.open("ab") as file:
        space = os.statvfs(path)
        used, size = file.tell(), space.f_bavail * space.f_frsize
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
        compactor: compacts its history, except while the database has to grow.
        index: index of the member, whose data are on a small disk.
        disk: directory of this disk.
    """

    cluster: Cluster
    compactor: Compactor
    index: int
    disk: Path
    name: str = "disk full"
    lasts_s: tuple[float, float] = (0.5, 3.0)

    def begin(self) -> None:
        """Write while the disk is full, until the member ends."""
        # A compaction would free pages, so that the database need not grow.
        self.compactor.is_paused = True
        try:
            self._begin(self.cluster.members[self.index - 1])
        finally:
            self.compactor.is_paused = False

    def _begin(self, other: Member) -> None:
        try:
            # Free pages would be used first.
            defragment(self._member)
        except grpc.RpcError as error:
            raise FaultNotPossibleError(
                f"{self._member.name} does not respond: {error}"
            ) from error
        if not self._fill(other):
            self._file.unlink(missing_ok=True)
            if self._member.running:
                raise FaultNotPossibleError(f"{other.name} does not accept writes")

    def _fill(self, other: Member) -> int:
        """Fill the disk and write to another member; return the number of accepted values."""
        end = time.monotonic() + FILL_WITHIN_S
        accepted = 0
        with suppress(grpc.RpcError), raw(other.endpoint) as channel:
            while (
                accepted < DISK_BALLAST_VALUES and self._member.running and time.monotonic() < end
            ):
                # Again and again: etcd deletes old log files.
                fill_disk(self._file)
                put_ballast(channel, BALLAST_BYTES)
                accepted += 1
        return accepted

    def end(self) -> None:
        """Free the space, and start the member if it has ended."""
        self._file.unlink(missing_ok=True)
        self._member.revive()

    @property
    def _member(self) -> Member:
        return self.cluster.members[self.index]

    @property
    def _file(self) -> Path:
        return self.disk / "ballast"
