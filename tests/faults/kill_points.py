"""Table of the kill points: each call that waits, how a test leads to it, and the promise.

A call is cut before its request is sent and after its answer has arrived, which is then lost.
Calls at which a process is also killed, on either side, are marked. ``test_kill_points.py``
compares the table with the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.faults.call_sites import Site
from tests.faults.cuts import Cut, Side

__all__ = ["DEVICE_PROMISES", "ENGINE", "KILL_POINTS", "PROMISES", "KillPoint", "cuts_of"]

ENGINE = "src/ska_sdp_config/engine/"
ETCD = "src/ska_sdp_config/drivers/etcd/"
RUNTIME = "devices/ska_sdp_lmc/runtime/"
DEVICES = "devices/ska_sdp_lmc/devices/"

PROMISES: Mapping[str, str] = {
    "increments": "The transaction is applied exactly once, by one run of its body.",
    "increments_without_lease": "The same, after the client lease was revoked.",
    "increments_without_token": "The same, after the token was deleted; the lease is kept.",
    "increments_when_full": "A transaction that the full database rejects writes nothing.",
    "logs_in": "A transaction with a login before it is applied exactly once.",
    "reads": "Each kind of read returns what is stored.",
    "checks_access": "The check passes, and nothing is written.",
    "loops": "The loop shows each stable value.",
    "watches": "Each change is delivered exactly once, in order, without a gap.",
    "probes": "The same, while the idle stream is compared with the database.",
    "skips_compacted": "One gap is reported, and each later change is delivered once.",
    "skips_restored": "One gap is reported, and each later change is delivered once.",
    "leases": "The lease lives until it is revoked; one whose grant was lost expires.",
    "closes": "Closing revokes the leases, which deletes their keys.",
    "writes_presence": "A component key that was deleted is written again.",
}
"""Promises of the client, by the functions of ``client_scenes.py`` that lead to calls."""

DEVICE_PROMISES: Mapping[str, str] = {
    "starts": "The server starts.",
    "starts_again": "The server ends with the error, and starts again.",
    "registers": "All devices are registered again.",
    "keeps_other": "Another server that accepts connections is not replaced.",
    "publishes": "The command is executed once, and reads and later events show its result.",
    "fails_init": "Init fails, later changes are shown, and the next Init succeeds.",
    "shows_setting": "Reads show the invalid setting, until the next Init.",
}
"""Promises of a device server, by the functions of ``device_scenes.py``."""


class KillPoint(NamedTuple):
    """A call that waits.

    Attributes:
        site: the call.
        scene: name of the function that leads to it and checks the promise; empty if it cannot
            be cut.
        ways: cuts that lead to the call, each in a test of its own; none if it is made anyway.
        is_killed: whether the process is killed there, too.
        skips: numbers of calls that pass before the cut, each in a test of its own.
        reason: reason why it cannot be cut.
    """

    site: Site
    scene: str = ""
    ways: tuple[Cut, ...] = ()
    is_killed: bool = False
    skips: tuple[int, ...] = (0,)
    reason: str = ""


def cuts_of(point: KillPoint) -> Iterator[list[Cut]]:
    """Yield the cuts of each test of a kill point, the last of which is its own."""
    sides: tuple[Side, ...] = ("before", "after")
    for side in sides:
        for skip in point.skips:
            cut = Cut(point.site, side, skip)
            yield from ([way, cut] for way in point.ways) if point.ways else [[cut]]


COMMIT = Site(f"{ENGINE}committer.py", "TokenCommitter._attempt", "commit")
RECEIVE = Site(f"{ETCD}watch.py", "StoreWatch._receive", "for stream")

LOST_COMMIT = (Cut(COMMIT, "before"), Cut(COMMIT, "after"))
BROKEN_STREAM = (Cut(RECEIVE, "before"), Cut(RECEIVE, "after"))
LOST_CHANGE = (Cut(RECEIVE, "after"),)

NEVER_LOST = "It is used with the store in memory only, which loses no answer."
CLOSED = "The store is closed: the call raises its error, and sends nothing."


KILL_POINTS: tuple[KillPoint, ...] = (
    KillPoint(Site(ENGINE + "backend.py", "Backend._read", "read"), "reads"),
    KillPoint(Site(ENGINE + "cache.py", "Cache.read_newest", "read"), "loops"),
    KillPoint(Site(ENGINE + "cached_reader.py", "CachedReader.read", "read"), "reads"),
    KillPoint(Site(ENGINE + "cached_reader.py", "CachedReader._read_at", "read"), "loops"),
    KillPoint(
        Site(ENGINE + "committer.py", "DirectCommitter.commit", "commit"), reason=NEVER_LOST
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "DirectCommitter.commit", "keep_lease"), reason=NEVER_LOST
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter.commit", "keep_lease"),
        "increments_without_lease",
        is_killed=True,
    ),
    KillPoint(COMMIT, "increments", is_killed=True),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter._attempt", "keep_lease"),
        "increments_without_token",
        is_killed=True,
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter._settle", "read"),
        "increments",
        LOST_COMMIT,
        is_killed=True,
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter._settle", "commit"),
        "increments",
        LOST_COMMIT,
        is_killed=True,
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter._token_after_quota_exceeded", "read"),
        "increments_when_full",
    ),
    KillPoint(
        Site(ENGINE + "committer.py", "TokenCommitter._token_after_quota_exceeded", "keep_lease"),
        "increments_when_full",
        is_killed=True,
    ),
    KillPoint(Site(ENGINE + "lease.py", "Leases.grant", "grant_lease"), "leases", is_killed=True),
    KillPoint(
        Site(ENGINE + "lease.py", "Leases.revoke", "revoke_lease"), "leases", is_killed=True
    ),
    KillPoint(Site(ENGINE + "lease.py", "Leases.end", "revoke_lease"), "closes", is_killed=True),
    KillPoint(
        Site(ENGINE + "lease.py", "Leases._refresh", "keep_lease"), "leases", is_killed=True
    ),
    KillPoint(Site(ENGINE + "repetition.py", "repeated", "read"), reason=CLOSED),
    KillPoint(Site(ENGINE + "runner.py", "transactions.read", "read"), "increments"),
    KillPoint(Site(ENGINE + "watcher.py", "Watcher._wait", "read"), reason=CLOSED),
    KillPoint(Site(ENGINE + "watcher.py", "_WaitingReader.read.call", "read"), "loops"),
    KillPoint(Site("src/ska_sdp_config/presence.py", "Presence._run", "read"), "writes_presence"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.call", "attempt"), "reads"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.call_once", "attempt"), "increments"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.call_on", "_logged_in"), "probes"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.newest_revision", "call_on"), "probes"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.attempt", "_logged_in"), "reads"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient.log_in", "_log_in"), "watches", LOST_CHANGE),
    KillPoint(Site(ETCD + "client.py", "EtcdClient._logged_in", "_log_in"), "logs_in"),
    KillPoint(
        Site(ETCD + "client.py", "EtcdClient._log_in.authenticate", "call Auth.Authenticate"),
        "logs_in",
    ),
    KillPoint(Site(ETCD + "client.py", "_calling.attempt", "call"), "increments"),
    KillPoint(Site(ETCD + "client.py", "EtcdClient._log_in", "metadata"), "logs_in"),
    KillPoint(Site(ETCD + "login.py", "Login.metadata", "_log_in"), "logs_in"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore._read", "_range"), "reads"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore._read", "_range", 2), "reads"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore._read", "call KV.Txn"), "reads"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore.cluster_id", "_range"), "reads"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore.commit", "call_once KV.Txn"), "increments"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore.check_access", "call KV.Txn"), "checks_access"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore.grant_lease", "call Lease.LeaseGrant"), "leases"),
    KillPoint(
        Site(ETCD + "store.py", "EtcdStore.keep_lease", "call Lease.LeaseKeepAlive"), "leases"
    ),
    KillPoint(
        Site(ETCD + "store.py", "EtcdStore.revoke_lease", "call Lease.LeaseRevoke"), "leases"
    ),
    KillPoint(Site(ETCD + "store.py", "EtcdStore._range", "call KV.Range"), "reads"),
    KillPoint(Site(ETCD + "store.py", "EtcdStore._all_pages", "_range"), "reads"),
    KillPoint(Site(ETCD + "stream.py", "Stream.__iter__", "for self._call"), "watches"),
    KillPoint(RECEIVE, "watches"),
    KillPoint(Site(ETCD + "watch.py", "StoreWatch._open", "log_in"), "watches", LOST_CHANGE),
    KillPoint(Site(ETCD + "watch.py", "StoreWatch._open", "watch"), "watches", BROKEN_STREAM),
    KillPoint(
        Site(ETCD + "watch.py", "StoreWatch._skip_compacted", "newest_revision"), "skips_compacted"
    ),
    KillPoint(
        Site(ETCD + "watch.py", "StoreWatch._skip_restored", "newest_revision"),
        "skips_restored",
        LOST_CHANGE,
    ),
    KillPoint(Site(ETCD + "watchdog.py", "Watchdog._probe", "newest_revision"), "probes"),
    KillPoint(Site(RUNTIME + "access.py", "check", "check_access"), "checks_access"),
    KillPoint(Site(RUNTIME + "publisher.py", "TangoSink.push", "push"), "publishes"),
    KillPoint(
        Site(RUNTIME + "publisher.py", "Publisher._show", "push"), "publishes", is_killed=True
    ),
    KillPoint(
        Site(RUNTIME + "publisher.py", "Publisher._show", "push", 2), "publishes", is_killed=True
    ),
    KillPoint(
        Site(RUNTIME + "publisher.py", "Publisher._show", "push", 3), "publishes", is_killed=True
    ),
    KillPoint(
        Site(RUNTIME + "registration.py", "Registration._check", "command_inout DbImportDevice"),
        "registers",
    ),
    KillPoint(
        Site(RUNTIME + "registration.py", "_accepts_connections", "create_connection"),
        "keeps_other",
    ),
    KillPoint(
        Site(RUNTIME + "registration.py", "_restore", "command_inout DbGetDeviceClassList"),
        "registers",
    ),
    KillPoint(
        Site(RUNTIME + "registration.py", "_restore", "command_inout DbExportDevice"),
        "registers",
        skips=(0, 1),
    ),
    KillPoint(Site(RUNTIME + "tango_database.py", "_find_devices", "Database"), "starts"),
    KillPoint(
        Site(RUNTIME + "tango_database.py", "_find_devices", "get_device_class_list"), "starts"
    ),
    KillPoint(
        Site(
            RUNTIME + "tango_database_proxy.py",
            "check_tango_database",
            "command_inout DbGetDevicePropertyList",
        ),
        "fails_init",
    ),
    KillPoint(
        Site(RUNTIME + "tango_database_proxy.py", "create_tango_database_proxy", "DeviceProxy"),
        "registers",
    ),
    KillPoint(Site(DEVICES + "base.py", "LmcDevice._show_misconfigured", "push"), "shows_setting"),
    KillPoint(Site(DEVICES + "init.py", "InitDevice.init_device", "init_device"), "starts_again"),
    KillPoint(Site(DEVICES + "init.py", "InitDevice.Init", "get_device_properties"), "fails_init"),
)
