"""Evaluation of the readings of ``doctor``: verdicts and advice."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping

from ska_sdp_config.cli.members import Member
from ska_sdp_config.cli.output import Finding
from ska_sdp_config.cli.readings import MAX_UNREADABLE, Readings, Unreadable

__all__ = ["diagnose"]

SLOW_READ_S = 0.05
"""Latency of a read, in seconds, above which the database is reported as slow."""

MAX_CLOCK_SKEW_S = 2.0
"""Tolerated clock difference in seconds."""

DEFAULT_QUOTA_BYTES = 2 * 2**30
"""Default size limit of a store (etcd's ``--quota-backend-bytes``)."""

MIN_DEFRAG_BYTES = 2**26
"""Minimum size of a store for the advice to defragment it."""

REACH = "check that it runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT"

OLDEST_VERSION = (3, 4, 0)
CORRUPTING_VERSIONS = ((3, 5, 0), (3, 5, 2))
"""Versions of etcd: the oldest supported one, and those with a data corruption bug."""

PROTECTING_VERSIONS = ((3, 5, 30), (3, 6, 0))
"""Versions of etcd whose logins reject other clients: from the first to before the second."""


def diagnose(readings: Readings) -> Iterator[Finding]:
    """Yield one finding for each thing that was checked."""
    yield _reading(readings)
    for member in readings.members:
        yield from _member(member, readings)
    members = [member for member in readings.members if member.version]
    if members:
        yield _versions(members)
        yield from _access(readings, members)
        yield max((_clock(member) for member in members), key=_severity)
        yield from (_store(member) for member in members if member.size is not None)
    # Every server returns the alarms of the whole cluster.
    for alarm in sorted({each for member in readings.members for each in member.alarms}):
        yield _alarm(alarm)
    if readings.error is None:
        yield Finding("keys", "ok", f"{readings.keys} keys at revision {readings.revision}")
        yield from _unreadable(readings.unreadable)
        yield _components(readings)
        yield from readings.system


def _severity(finding: Finding) -> int:
    return ("ok", "warning", "fault").index(finding.verdict)


def _reading(readings: Readings) -> Finding:
    if readings.error is not None:
        text, advice = _parts(readings.error)
        return Finding("database", "fault", text, advice or REACH)
    typical = statistics.median(readings.seconds)
    text = f"{readings.address} responds in {typical * 1e3:.1f} ms"
    if typical > SLOW_READ_S:
        advice = "check the network, and the load and the disks of its servers"
        return Finding("database", "warning", text, advice)
    return Finding("database", "ok", text)


def _member(member: Member, readings: Readings) -> Iterator[Finding]:
    subject = f"server {member.endpoint}"
    if member.is_unreachable:
        advice = "start it, or remove it from SDP_CONFIG_HOST"
        yield Finding(subject, "fault", f"it cannot be reached: {member.fault}", advice)
    elif member.is_login_rejected and readings.error is not None:
        return  # reported once, for the database
    elif member.fault:
        text, advice = _parts(member.fault)
        yield Finding(subject, "fault", f"it did not give its status: {text}", advice or REACH)
    elif member.is_denied:
        yield Finding(
            subject,
            "warning",
            f"user {readings.username!r} may not read its status, that is its leader and the size "
            "of its store",
            "run doctor as root, or as another user with the role root, to check these",
        )
    elif not member.has_leader:
        yield Finding(
            subject,
            "fault",
            "it has no leader",
            "start the other servers of the cluster: more than half must run",
        )


def _parts(error: object) -> tuple[str, str]:
    """Split an error of the backend into the fault and the advice, empty if it has none."""
    sentence = str(error).strip().rstrip(".")
    text, _, advice = sentence.rpartition(": ")
    has_advice = text and "rejected the call: " not in sentence
    return (text, advice) if has_advice else (sentence, "")


def _versions(members: list[Member]) -> Finding:
    versions = sorted({member.version for member in members})
    text = f"etcd {', '.join(versions)}"
    numbers = [_numbers(each) for each in versions]
    if any(each < OLDEST_VERSION for each in numbers):
        return Finding("version", "fault", text, "upgrade: 3.4 is the oldest supported version")
    if any(CORRUPTING_VERSIONS[0] <= each <= CORRUPTING_VERSIONS[1] for each in numbers):
        advice = "upgrade: 3.5.0 to 3.5.2 may corrupt their data when they are killed"
        return Finding("version", "warning", text, advice)
    if len(versions) > 1:
        return Finding("version", "warning", text, "finish the upgrade of all servers")
    return Finding("version", "ok", text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _access(readings: Readings, members: list[Member]) -> Iterator[Finding]:
    """Warn about a login without a client certificate if it does not protect the database."""
    if readings.username is None or readings.has_certificate:
        return
    first, end = PROTECTING_VERSIONS
    exposed = sorted(
        {each.version for each in members if not first <= _numbers(each.version) < end}
    )
    if exposed:
        yield Finding(
            "access",
            "warning",
            f"a login alone does not protect etcd {', '.join(exposed)}: any client can stop all "
            "writes",
            "demand client certificates (etcd's --client-cert-auth), or upgrade to 3.5.30",
        )


def _clock(member: Member) -> Finding:
    if member.ahead is None:
        return Finding(
            "clock",
            "warning",
            f"{member.endpoint} does not report its time",
            "connect to it directly: a proxy in between removes the Date header",
        )
    least, most = member.ahead
    if least <= MAX_CLOCK_SKEW_S and most >= -MAX_CLOCK_SKEW_S:
        return Finding("clock", "ok", "it agrees with this machine's to the second")
    seconds = least if least > MAX_CLOCK_SKEW_S else -most
    side = "ahead of" if least > MAX_CLOCK_SKEW_S else "behind"
    return Finding(
        "clock",
        "fault",
        f"that of {member.endpoint} is {seconds:.0f} s {side} this machine's",
        "set both by one time server (chrony or ntp)",
    )


def _store(member: Member) -> Finding:
    size, in_use = member.size or 0, member.in_use
    subject = "store"
    text = f"{size / 2**20:.1f} MiB on {member.endpoint}, {in_use / 2**20:.1f} MiB of it in use"
    if size > DEFAULT_QUOTA_BYTES * 0.8:
        advice = "compact and 'etcdctl defrag': at 2 GiB, unless set higher, it rejects writes"
        return Finding(subject, "warning", text, advice)
    if size > MIN_DEFRAG_BYTES and in_use < size / 2:
        return Finding(subject, "warning", text, "reclaim the rest with 'etcdctl defrag'")
    return Finding(subject, "ok", text)


def _unreadable(faults: Mapping[str, Unreadable]) -> Iterator[Finding]:
    for path in sorted(faults)[:MAX_UNREADABLE]:
        each = faults[path]
        yield Finding(
            path,
            "warning",
            f"it cannot be read, and is left out of listings: {each.fault.rstrip('.')}",
            f"correct it with '{each.edit}', or delete it with '{each.delete}'",
        )
    if len(faults) > MAX_UNREADABLE:
        text = f"{len(faults) - MAX_UNREADABLE} more cannot be read"
        yield Finding("entities", "warning", text, "correct those above, then run doctor again")


def _alarm(alarm: str) -> Finding:
    if alarm == "NOSPACE":
        text = "alarm NOSPACE: a server has reached its quota, and no writes are accepted"
        advice = "compact it, 'etcdctl defrag' each server, then 'etcdctl alarm disarm'"
        return Finding("store", "fault", text, advice)
    advice = "see etcd's guide on this alarm, such as to restore a server whose data are corrupt"
    return Finding("store", "fault", f"alarm {alarm} is active", advice)


def _components(readings: Readings) -> Finding:
    if not readings.components:
        return Finding(
            "components",
            "warning",
            "none is alive",
            "start the SDP, or give its --prefix",
        )
    alive = (
        f"{name} ({owner.get('hostname', 'unknown host')}, pid {owner.get('pid', 'unknown')})"
        for name, owner in sorted(readings.components.items())
    )
    return Finding("components", "ok", f"alive: {', '.join(alive)}")
