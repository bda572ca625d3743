"""What readings of the database mean, and what to do about them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping

from ska_sdp_config.cli.members import Member
from ska_sdp_config.cli.output import Finding
from ska_sdp_config.cli.readings import Readings

__all__ = ["diagnose"]

SLOW = 0.05
"""Seconds of a read from which on the database is slow."""

CLOCK = 2.0
"""Seconds by which clocks may differ: leases and ``last_updated`` are in seconds."""

QUOTA = 2 * 2**30
"""Bytes that a store may have by default (etcd's ``--quota-backend-bytes``)."""

MAX_UNREADABLE = 10
"""How many entities that cannot be read are listed, one finding each."""

MUCH = 2**26
"""Bytes from which on it is worth while to defragment a store."""

REACH = "check that it runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT"

OLDEST = (3, 4, 0)
CORRUPTING = ((3, 5, 0), (3, 5, 2))
"""Versions of etcd: the oldest that is tested with, and those whose data may be corrupted."""

PROTECTING = ((3, 5, 30), (3, 6, 0))
"""Versions of etcd whose logins keep others out: the first, and the next that is not tested."""


def diagnose(readings: Readings) -> Iterator[Finding]:
    """Get what readings mean, one finding for each thing that was looked at."""
    yield _reading(readings)
    for member in readings.members:
        yield from _member(member, readings)
    members = [member for member in readings.members if member.version]
    if members:
        yield _versions(members)
        yield from _access(readings, members)
        yield max((_clock(member) for member in members), key=_severity)
        yield from (_store(member) for member in members if member.size is not None)
    # An alarm is of the whole cluster, whichever server it is read from.
    for alarm in sorted({each for member in readings.members for each in member.alarms}):
        yield _alarm(alarm)
    if readings.error is None:
        yield Finding("keys", "ok", f"{readings.keys} keys at revision {readings.revision}")
        yield from _unreadable(readings.unreadable)
        yield _components(readings)


def _severity(finding: Finding) -> int:
    return ("ok", "warning", "fault").index(finding.verdict)


def _reading(readings: Readings) -> Finding:
    if readings.error is not None:
        text, advice = _parts(readings.error)
        return Finding("database", "fault", text, advice or REACH)
    typical = statistics.median(readings.seconds)
    text = f"{readings.address} answers in {typical * 1e3:.1f} ms"
    if typical > SLOW:
        advice = "look at the network between, at the load and at the disk of its servers"
        return Finding("database", "warning", text, advice)
    return Finding("database", "ok", text)


def _member(member: Member, readings: Readings) -> Iterator[Finding]:
    subject = f"server {member.endpoint}"
    if member.is_absent:
        advice = "start it, or take it out of SDP_CONFIG_HOST"
        yield Finding(subject, "fault", f"it cannot be reached: {member.fault}", advice)
    elif member.is_login_at_fault and readings.error is not None:
        return  # The finding on the database has the same fault.
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
            "start the other servers of the cluster, more than half must run",
        )


def _parts(error: object) -> tuple[str, str]:
    """Split an error of the backend into what is wrong and what to do, empty if it has none."""
    sentence = str(error).strip().rstrip(".")
    text, _, advice = sentence.rpartition(": ")
    has_advice = text and "refused the call: " not in sentence
    return (text, advice) if has_advice else (sentence, "")


def _versions(members: list[Member]) -> Finding:
    versions = sorted({member.version for member in members})
    text = f"etcd {', '.join(versions)}"
    numbers = [_numbers(each) for each in versions]
    if any(each < OLDEST for each in numbers):
        return Finding("version", "fault", text, "upgrade: 3.4 is the oldest that will do")
    if any(CORRUPTING[0] <= each <= CORRUPTING[1] for each in numbers):
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
    first, end = PROTECTING
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
            f"{member.endpoint} does not give its time",
            "reach it directly: something between it and this machine leaves out the Date header",
        )
    least, most = member.ahead
    if least <= CLOCK and most >= -CLOCK:
        return Finding("clock", "ok", "it agrees with this machine's to the second")
    seconds = least if least > CLOCK else -most
    side = "ahead of" if least > CLOCK else "behind"
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
    if size > QUOTA * 0.8:
        advice = "compact and 'etcdctl defrag': at 2 GiB, unless set higher, it takes no writes"
        return Finding(subject, "warning", text, advice)
    if size > MUCH and in_use < size / 2:
        return Finding(subject, "warning", text, "'etcdctl defrag' gives the rest back")
    return Finding(subject, "ok", text)


def _unreadable(faults: Mapping[str, str]) -> Iterator[Finding]:
    for path in sorted(faults)[:MAX_UNREADABLE]:
        yield Finding(
            path,
            "warning",
            f"it cannot be read, and is left out of listings: {faults[path]}",
            "correct it with 'ska-sdp edit', or delete it",
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
