"""Series for which each alarm fires, and for which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

INTERVAL = "15s"
"""Interval of the samples of all series."""

Labels = Mapping[str, str]


class Case(NamedTuple):
    """One alarm under some series.

    Attributes:
        alarm: name of the alarm.
        about: situation that the series describe.
        series: samples by series, in the notation of ``promtool test rules``.
        at: time of the evaluation.
        summaries: summary of each alarm that fires, with its labels but the severity; none by
            default.
    """

    alarm: str
    about: str
    series: Mapping[str, str]
    at: str
    summaries: Mapping[str, Labels] = {}


ONE = {"instance": "one"}
SERVER = {"job": "sdp-lmc", **ONE}
ETCD = {"job": "sdp-etcd", **ONE}


def _series(name: str, **labels: str) -> str:
    given = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{given}}}"


UP = _series("up", **SERVER)
LIVE = _series("sdp_lmc_live", **SERVER)
CONNECTED = _series("sdp_lmc_database_connected", **SERVER)
READY = _series("sdp_lmc_ready", **SERVER)
LAG = _series("sdp_lmc_watch_lag_seconds", **SERVER)
QUIET = _series("sdp_lmc_watch_quiet_seconds", **SERVER)
CONFLICTS = _series("sdp_lmc_database_conflicts_total", **SERVER)
DEVICE = {"device": "test-sdp/subarray/01", **SERVER}
DEGRADED = {**DEVICE, "health_state": "DEGRADED"}
FAULT = {**DEVICE, "obs_state": "FAULT"}
SCAN = {**DEVICE, "command": "Scan", "outcome": "failed"}
COUNT = "sdp_lmc_command_duration_seconds_count"
LEADER = _series("etcd_server_has_leader", **ETCD)
SIZE = _series("etcd_mvcc_db_total_size_in_bytes", **ETCD)
QUOTA = _series("etcd_server_quota_backend_bytes", **ETCD)
AUTH_REVISION = _series("etcd_debugging_auth_revision", **ETCD)
LOGINS = _series(
    "grpc_server_handled_total", grpc_method="Authenticate", grpc_code="FailedPrecondition", **ETCD
)

ALWAYS, NEVER = "1+0x200", "0+0x200"


def _durations(bound: float) -> dict[str, str]:
    """Return the buckets of accepted commands that all take just less than a bound, in s."""
    return {
        _series(
            "sdp_lmc_command_duration_seconds_bucket", **{**SCAN, "outcome": "accepted", "le": le}
        ): "0+1x200" if float(le) >= bound else NEVER
        for le in ("0.01", "0.2", "0.5", "+Inf")
    }


CASES = [
    Case(
        "SdpServerDown",
        "a server has not responded for a minute",
        {UP: "1+0x4 0+0x20"},
        "4m",
        {"The server at one does not respond.": SERVER},
    ),
    Case("SdpServerDown", "a server misses one scrape", {UP: "1+0x4 0 1+0x20"}, "4m"),
    Case(
        "SdpServerStuck",
        "a server was stuck for half a minute, and was restarted",
        {LIVE: "1+0x10 0 0 1+0x40"},
        "5m",
        {"The server at one was stuck.": SERVER},
    ),
    Case("SdpServerStuck", "a server was stuck, long ago", {LIVE: "0 0 1+0x40"}, "6m"),
    Case(
        "SdpDatabaseAway",
        "the database has not responded for more than 30 s",
        {CONNECTED: "1+0x4 0+0x20"},
        "3m",
        {"one cannot reach the configuration database.": SERVER},
    ),
    Case("SdpDatabaseAway", "it was away for 15 s", {CONNECTED: "1+0x4 0 1+0x20"}, "3m"),
    Case(
        "SdpNotReady",
        "a server is not ready, though its database responds",
        {READY: NEVER, CONNECTED: ALWAYS},
        "3m",
        {"The server at one does not become ready.": SERVER},
    ),
    Case(
        "SdpNotReady",
        "a server has no database, which SdpDatabaseAway reports",
        {READY: NEVER, CONNECTED: NEVER},
        "3m",
    ),
    Case(
        "SdpDegraded",
        "a device has been DEGRADED for a minute",
        {_series("sdp_lmc_health_state", **DEGRADED): ALWAYS},
        "2m",
        {"test-sdp/subarray/01 is DEGRADED.": DEGRADED},
    ),
    Case(
        "SdpDegraded",
        "a device is OK",
        {
            _series("sdp_lmc_health_state", **DEGRADED): NEVER,
            _series("sdp_lmc_health_state", **{**DEVICE, "health_state": "OK"}): ALWAYS,
        },
        "2m",
    ),
    Case(
        "SdpSubarrayInFault",
        "a subarray is in FAULT",
        {_series("sdp_lmc_obs_state", **FAULT): "0 0 1+0x20"},
        "1m",
        {"test-sdp/subarray/01 is in FAULT.": FAULT},
    ),
    Case(
        "SdpSubarrayInFault",
        "a subarray is ABORTED",
        {
            _series("sdp_lmc_obs_state", **FAULT): NEVER,
            _series("sdp_lmc_obs_state", **{**DEVICE, "obs_state": "ABORTED"}): ALWAYS,
        },
        "1m",
    ),
    Case(
        "SdpCommandsFail",
        "the first failure since the start of the server",
        {_series(COUNT, **SCAN): "0+0x4 1+0x40"},
        "3m",
        {"Scan of test-sdp/subarray/01 failed.": SCAN},
    ),
    Case(
        "SdpCommandsFail",
        "commands were rejected, and one failed long ago",
        {
            _series(COUNT, **SCAN): "0+0x4 1+0x60",
            _series(COUNT, **{**SCAN, "outcome": "refused"}): "0+1x60",
        },
        "8m",
    ),
    Case(
        "SdpCommandsSlow",
        "accepted commands take nearly half a second",
        _durations(0.5),
        "31m",
        {"Commands at one are slow.": ONE},
    ),
    Case("SdpCommandsSlow", "accepted commands take some milliseconds", _durations(0.01), "31m"),
    Case(
        "SdpWatchBehind",
        "the watch has lagged for a minute",
        {LAG: "0+0x4 15+15x20", QUIET: "1+0x60"},
        "4m",
        {"one does not receive changes.": SERVER},
    ),
    Case(
        "SdpWatchBehind",
        "the watch has delivered nothing for a minute",
        {LAG: NEVER, QUIET: "1+0x4 15+15x20"},
        "4m",
        {"one does not receive changes.": SERVER},
    ),
    Case("SdpWatchBehind", "the watch is up to date", {LAG: "2+0x60", QUIET: "3+0x60"}, "4m"),
    Case(
        "SdpConflicts",
        "two commits a second are repeated",
        {CONFLICTS: "0+30x100"},
        "16m",
        {"Other programs continuously change keys that one reads.": SERVER},
    ),
    Case("SdpConflicts", "a commit in 15 s is repeated", {CONFLICTS: "0+1x100"}, "16m"),
    Case(
        "SdpEtcdNoLeader",
        "a member has had no leader for a minute",
        {LEADER: "1+0x4 0+0x20"},
        "4m",
        {"The member of etcd at one has no leader.": ETCD},
    ),
    Case("SdpEtcdNoLeader", "a leader was elected within 15 s", {LEADER: "1 0 1+0x20"}, "4m"),
    Case(
        "SdpEtcdFull",
        "nine tenths of the quota are in use",
        {SIZE: "900+0x60", QUOTA: "1000+0x60"},
        "6m",
        {"The database of one has nearly reached its quota.": ETCD},
    ),
    Case("SdpEtcdFull", "half of it", {SIZE: "500+0x60", QUOTA: "1000+0x60"}, "6m"),
    Case(
        "SdpEtcdOpen",
        "a client has tried to log in, and there are no users",
        {AUTH_REVISION: ALWAYS, LOGINS: "3+0x200"},
        "11m",
        {"etcd at one accepts every client: it has no users.": ETCD},
    ),
    Case("SdpEtcdOpen", "no client logs in", {AUTH_REVISION: ALWAYS, LOGINS: NEVER}, "11m"),
    Case(
        "SdpEtcdOpen",
        "the users were created",
        {AUTH_REVISION: "1+0x4 9+0x200", LOGINS: "3+0x200"},
        "11m",
    ),
]


def numbered_cases(servers: int, members: int) -> list[Case]:
    """Return the cases that depend on the number of servers and of etcd's members."""
    up = [_series("up", job="sdp-lmc", instance=f"server-{number}") for number in range(servers)]
    up_etcd = [
        _series("up", job="sdp-etcd", instance=f"etcd-{number}") for number in range(members)
    ]
    return [
        Case(
            "SdpServerMissing",
            "all servers but one are targets",
            dict.fromkeys(up[1:], ALWAYS),
            "6m",
            {_missing(servers - 1, servers): {}},
        ),
        Case(
            "SdpServerMissing",
            "no server is a target",
            {LEADER: ALWAYS},
            "6m",
            {_missing(0, servers): {}},
        ),
        Case(
            "SdpServerMissing",
            "all servers are targets, one is down",
            dict.fromkeys(up[1:], ALWAYS) | {up[0]: NEVER},
            "6m",
        ),
        Case(
            "SdpEtcdMemberDown",
            "one member does not respond",
            dict.fromkeys(up_etcd[1:], ALWAYS) | {up_etcd[0]: NEVER},
            "3m",
            {_down(members - 1, members): {}},
        ),
        Case(
            "SdpEtcdMemberDown",
            "no member is a target",
            {LEADER: ALWAYS},
            "3m",
            {_down(0, members): {}},
        ),
        Case(
            "SdpEtcdMemberDown",
            "all members respond",
            dict.fromkeys(up_etcd, ALWAYS),
            "3m",
        ),
    ]


def _missing(number: int, of: int) -> str:
    return f"Only {number} of {of} servers are targets of job sdp-lmc."


def _down(number: int, of: int) -> str:
    return f"Only {number} of {of} members of etcd respond to job sdp-etcd."
