"""Each fault of the cluster, the network and the storage, on a real cluster with a client."""

from __future__ import annotations

import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from pyetcd import etcdrpc

from ska_sdp_config import Config
from ska_sdp_config.backend import ConfigConnectionError
from tests.faults.database_log import DatabaseLog
from tests.faults.faults import storage
from tests.faults.faults.cluster import MembersFault, PartitionFault, cluster_faults
from tests.faults.faults.fault import Fault, FaultNotPossibleError
from tests.faults.faults.network import DELAY_S, ProxyFault, network_faults
from tests.faults.faults.storage import (
    BALLAST,
    NORMAL_INTERVAL_S,
    Compactions,
    Compactor,
    DiskFull,
    QuotaExceeded,
    small_disk,
)
from tests.faults.scene import DISK_MEGABYTES, DISK_MEMBER, FLAGS
from tests.services.versions import program_of
from tests.support.cluster import Cluster, raw
from tests.support.processes import process_state
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

LASTS_S = 0.3
"""Duration of each fault after it is in effect, in seconds."""

CALL_TIMEOUT_S = 1.0
"""Timeout of a call to a member that may not respond, in seconds."""


WHO = ("leader", "follower", "majority", "all members")


class Site:
    """Cluster with proxies, a log of its database, and a client.

    Attributes:
        faults: its faults, which end within the time of a test.
    """

    def __init__(self, directory: Path, opened: ExitStack) -> None:
        chance = random.Random(1)
        disk = directory / "abc"[DISK_MEMBER] / "etcd-data"
        self.skipped = ""
        try:
            opened.enter_context(small_disk(disk, DISK_MEGABYTES))
        except PermissionError as error:
            self.skipped = str(error)
        self.cluster = Cluster(program_of("3.4"), directory, FLAGS)
        opened.callback(self.cluster.stop)
        self.cluster.start()
        proxies = [
            opened.enter_context(Proxy(each.host, each.port)) for each in self.cluster.members
        ]
        self.log = opened.enter_context(
            DatabaseLog(self.cluster.endpoints, directory / "database.jsonl")
        )
        compactor = opened.enter_context(Compactor(self.cluster, self.log))
        faults: list[Fault] = [
            *cluster_faults(self.cluster, chance),
            *network_faults(proxies, chance),
            QuotaExceeded(self.cluster, self.log, compactor),
            Compactions(compactor),
            DiskFull(self.cluster, compactor, DISK_MEMBER, disk),
        ]
        self.faults = {fault.name: fault for fault in faults}
        self.config = opened.enter_context(
            Config(host=",".join(proxy.endpoint for proxy in proxies))
        )
        self._written = 0

    def writes(self) -> bool:
        """Return whether the client can write, and whether the log receives it."""
        self._written += 1
        try:
            for txn in self.config.txn():
                txn.raw.create(f"/written/{self._written}", "")
        except ConfigConnectionError:
            return False
        return any(change.path.endswith(f"/{self._written}") for change in self.log.read())

    def reads(self, index: int) -> bool:
        """Return whether a member serves a linearizable read, which needs the majority."""
        return serves(self.cluster.members[index].endpoint)

    def wait_whole(self) -> None:
        """Wait until each member serves linearizable reads and the client writes.

        Raises:
            AssertionError: it is not so in time.
        """
        for member in self.cluster.members:
            wait_until(member.is_ready, 60, f"{member.name} at {member.endpoint} responds")
        wait_until(self.writes, 60, "the client writes")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as opened:
        yield Site(tmp_path_factory.mktemp("cluster"), opened)


@pytest.fixture(autouse=True)
def _whole(site: Site) -> Iterator[None]:
    """Let each test leave the cluster whole: the next one may need each member at once."""
    yield
    site.wait_whole()


def serves(endpoint: str, timeout: float = CALL_TIMEOUT_S) -> bool:
    """Return whether a linearizable read succeeds on a new connection."""
    with raw(endpoint) as channel:
        try:
            etcdrpc.KVStub(channel).Range(etcdrpc.RangeRequest(key=b"0"), timeout=timeout)
        except grpc.RpcError:
            return False
    return True


def are_killed(_: Site, fault: Fault) -> bool:
    assert isinstance(fault, MembersFault)
    return not any(member.running for member in fault.struck)


def are_suspended(_: Site, fault: Fault) -> bool:
    assert isinstance(fault, MembersFault)
    return all(process_state(member.process.pid) == "T" for member in fault.struck)


def are_out_of_reach(_: Site, fault: Fault) -> bool:
    assert isinstance(fault, ProxyFault)
    return not any(serves(proxy.endpoint) for proxy in fault.struck)


def are_late(_: Site, fault: Fault) -> bool:
    assert isinstance(fault, ProxyFault)
    return all(is_late(proxy.endpoint) for proxy in fault.struck)


def is_late(endpoint: str) -> bool:
    """Return whether a read succeeds, and only after the delay."""
    began = time.monotonic()
    return serves(endpoint, 30) and time.monotonic() - began > DELAY_S


def has_alarm(site: Site, _: Fault) -> bool:
    """Return whether etcd has raised the alarm of an exceeded quota."""
    every = etcdrpc.AlarmRequest(action=etcdrpc.AlarmRequest.GET)
    with raw(site.cluster.members[0].endpoint) as channel:
        alarms = etcdrpc.MaintenanceStub(channel).Alarm(every, timeout=30).alarms
    return any(each.alarm == etcdrpc.NOSPACE for each in alarms)


def has_ended_its_member(site: Site, fault: Fault) -> bool:
    assert isinstance(fault, DiskFull)
    member = site.cluster.members[fault.index]
    return wait_until(lambda: not member.running, 30, "the member has ended")


def is_compacted_soon(site: Site, _: Fault) -> bool:
    """Return whether a new revision is compacted earlier than without the fault."""
    with raw(site.cluster.members[0].endpoint) as channel:
        stub = etcdrpc.KVStub(channel)
        revision = stub.Put(etcdrpc.PutRequest(key=BALLAST), timeout=30).header.revision

        def is_compacted() -> bool:
            try:
                stub.Range(etcdrpc.RangeRequest(key=b"0", revision=revision), timeout=30)
            except grpc.RpcError as error:
                return error.code() is grpc.StatusCode.OUT_OF_RANGE
            return False

        return wait_until(is_compacted, NORMAL_INTERVAL_S)


PROBES: Mapping[str, Callable[[Site, Fault], bool]] = {
    **{f"{who} killed": are_killed for who in WHO},
    **{f"{who} paused": are_suspended for who in WHO},
    "connections rejected": are_out_of_reach,
    "data held": are_out_of_reach,
    "data lost": are_out_of_reach,
    "data delayed": are_late,
    "quota exceeded": has_alarm,
    "disk full": has_ended_its_member,
    "compaction every 200 ms": is_compacted_soon,
}
"""Signs that a fault is in effect; others have tests of their own: partitions, defragmentation,
and those of open connections."""

PARTITIONS = [
    f"{who} {what}"
    for who in ("leader", "follower")
    for what in ("isolated", "only receives", "only sends")
]
STORAGE = ("defragmentation", "quota exceeded", "disk full")
NAMES = [
    *(f"{who} {what}" for who in WHO for what in ("killed", "paused")),
    *PARTITIONS,
    *("connections cut", "answers lost", "requests late", "connections rejected"),
    *("data delayed", "answers slow", "data held", "data lost"),
    *("only requests arrive", "only answers arrive"),
    *STORAGE,
    "compaction every 200 ms",
]


def test_every_fault_has_a_test(site: Site) -> None:
    assert sorted(site.faults) == sorted(NAMES)
    assert PROBES.keys() <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_fault_has_its_effect_and_the_client_writes_after_it(name: str, site: Site) -> None:
    if name == "disk full" and site.skipped:
        pytest.skip(site.skipped)
    wait_until(lambda: len(site.cluster.leaders()) == 1, 30, "a leader")
    fault = site.faults[name]
    fault.begin()
    try:
        assert name not in PROBES or PROBES[name](site, fault)
        time.sleep(LASTS_S)
    finally:
        fault.end()


@pytest.mark.parametrize("name", PARTITIONS)
def test_separated_member_does_not_respond_and_the_others_do(name: str, site: Site) -> None:
    wait_until(lambda: len(site.cluster.leaders()) == 1, 30, "a leader")
    fault = site.faults[name]
    assert isinstance(fault, PartitionFault)
    fault.begin()
    try:
        others = [index for index in range(3) if index != fault.struck]
        wait_until(lambda: all(map(site.reads, others)), 30, "the others read")
        assert not site.reads(fault.struck)
    finally:
        fault.end()


def test_partition_begins_while_the_first_member_is_down(site: Site) -> None:
    first = site.cluster.members[0]
    first.kill()
    try:
        site.cluster.isolate(1)
    finally:
        site.cluster.join()
        first.revive()


def test_defragmentation_reaches_each_member(site: Site) -> None:
    before = [defragmentations(member.endpoint) for member in site.cluster.members]
    fault = site.faults["defragmentation"]
    fault.begin()
    fault.end()
    after = [defragmentations(member.endpoint) for member in site.cluster.members]
    assert all(late > early for early, late in zip(before, after, strict=True))


def defragmentations(endpoint: str) -> float:
    """Return how often a member was defragmented since its start."""
    with urllib.request.urlopen(f"http://{endpoint}/metrics", timeout=30) as page:
        metrics = page.read().decode()
    found = re.search(r"^etcd_disk_backend_defrag_duration_seconds_count (\S+)$", metrics, re.M)
    assert found is not None, metrics
    return float(found[1])


def test_fault_of_a_cluster_that_is_down_does_not_begin(site: Site) -> None:
    for member in site.cluster.members:
        member.kill()
    try:
        for name in ("leader killed", "majority paused", "leader isolated", *STORAGE):
            with pytest.raises(FaultNotPossibleError):
                site.faults[name].begin()
    finally:
        for member in site.cluster.members:
            member.revive()


def test_quota_is_exceeded_and_history_compacted_in_spite_of_other_compactions(site: Site) -> None:
    compactions, quota = site.faults["compaction every 200 ms"], site.faults["quota exceeded"]
    compactions.begin()
    try:
        assert is_compacted_soon(site, compactions)
        assert quota.begin() == {"is_in_effect": True}
        try:
            assert has_alarm(site, quota)
        finally:
            quota.end()
        assert is_compacted_soon(site, quota)
    finally:
        compactions.end()


def test_quota_that_was_not_exceeded_in_time_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_BALLAST_VALUES", 1)
    quota = site.faults["quota exceeded"]
    assert quota.begin() == {"is_in_effect": False}
    try:
        assert not has_alarm(site, quota)
    finally:
        quota.end()


def test_exceeded_quota_ends_after_a_member_has_ended(site: Site) -> None:
    quota, member = site.faults["quota exceeded"], site.cluster.members[1]
    quota.begin()
    try:
        member.kill()
    finally:
        quota.end()
    assert site.writes()
    assert site.reads(1)
    (ending,) = site.cluster.endings
    assert "SIGKILL" in ending
    site.cluster.endings.clear()


def test_quota_whose_fault_ended_too_early_is_not_exceeded_for_long(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "END_WITHIN_S", 0.0)
    monkeypatch.setattr(storage, "heal", lambda *_: False)
    compactions, quota = site.faults["compaction every 200 ms"], site.faults["quota exceeded"]
    compactions.begin()
    try:
        quota.begin()
        quota.end()
        assert has_alarm(site, quota)
        monkeypatch.undo()
        wait_until(lambda: not has_alarm(site, quota), 60, "the compactor ends it")
    finally:
        compactions.end()


def test_disk_is_full_in_spite_of_compactions(site: Site) -> None:
    if site.skipped:
        pytest.skip(site.skipped)
    compactions, disk = site.faults["compaction every 200 ms"], site.faults["disk full"]
    compactions.begin()
    try:
        disk.begin()
        try:
            assert has_ended_its_member(site, disk)
        finally:
            disk.end()
    finally:
        compactions.end()


def test_full_disk_without_an_accepted_write_is_no_fault(site: Site) -> None:
    if site.skipped:
        pytest.skip(site.skipped)
    fault = site.faults["disk full"]
    assert isinstance(fault, DiskFull)
    other = site.cluster.members[fault.index - 1]
    other.kill()
    try:
        with pytest.raises(FaultNotPossibleError, match=r"does not (?:accept writes|respond)"):
            fault.begin()
        assert not list(fault.disk.glob("ballast"))
    finally:
        other.revive()
