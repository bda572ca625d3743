"""`ska-sdp doctor`: evaluation of readings, and the check of a server."""

from __future__ import annotations

from dataclasses import replace
from http.client import BadStatusLine
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.cli.diagnosis import diagnose
from ska_sdp_config.cli.members import Member, read_member
from ska_sdp_config.cli.output import Finding
from ska_sdp_config.cli.readings import Readings, Unreadable, read_members
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.certificates import Authority

from .conftest import BACKENDS, Run, environment, fill, run_here

MEMBER = Member("h:1", version="3.5.16", size=2**20, in_use=2**20, ahead=(-0.5, 0.6))
WELL = Readings(
    "h:1", [0.001], revision=7, keys=3, components={"proccontrol": {"hostname": "x", "pid": 4}}
)
WELL.members = [MEMBER]
MIB = 2**20
SUBJECTS = ["database", "version", "clock", "store", "keys", "components"]


def anomalies(readings: Readings) -> list[Finding]:
    return [each for each in diagnose(readings) if each.verdict != "ok"]


def ask(endpoint: str, method: str) -> dict[str, Any]:
    return {"version": "3.5.16", "dbSize": "5", "leader": "1"}


def test_healthy_readings_have_no_faults() -> None:
    findings = list(diagnose(WELL))
    assert [finding.subject for finding in findings] == SUBJECTS
    assert {finding.verdict for finding in findings} == {"ok"}
    assert findings[-1].text == "alive: proccontrol (x, pid 4)"


@pytest.mark.parametrize(
    ("change", "verdict", "text", "advice"),
    [
        ({"seconds": [0.06, 0.07, 0.001]}, "warning", "responds in 60.0 ms", "check the network"),
        ({"components": {}}, "warning", "none is alive", "start the SDP"),
        (
            {"unreadable": {"/pb/pb-x": Unreadable("not JSON", "edit it", "delete it")}},
            "warning",
            "it cannot be read, and is left out of listings: not JSON",
            "correct it with 'edit it', or delete it with 'delete it'",
        ),
        (
            {"error": ConfigConnectionError("It did not answer.")},
            "fault",
            "It did not answer",
            "check that it runs",
        ),
    ],
)
def test_database_readings_have_findings(
    change: dict[str, Any], verdict: str, text: str, advice: str
) -> None:
    (finding,) = anomalies(replace(WELL, **change))
    assert finding.verdict == verdict
    assert text in finding.text
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(
    ("change", "verdict", "text", "advice"),
    [
        ({"version": "3.3.27"}, "fault", "3.3.27", "upgrade: 3.4 is the oldest"),
        ({"version": "3.5.1"}, "warning", "3.5.1", "upgrade: 3.5.0 to 3.5.2 may corrupt"),
        ({"ahead": (2.5, 3.6)}, "fault", "that of h:1 is 2 s ahead of this", "set both by one"),
        ({"ahead": (-9.0, -8.0)}, "fault", "is 8 s behind this machine's", "set both by one"),
        ({"ahead": None}, "warning", "h:1 does not report its time", "connect to it directly"),
        ({"has_leader": False}, "fault", "it has no leader", "start the other servers"),
        (
            {"fault": "connection refused", "is_unreachable": True, "version": ""},
            "fault",
            "it cannot be reached: connection refused",
            "start it, or remove it from SDP_CONFIG_HOST",
        ),
        (
            {"fault": "The certificate of h:1 is not for 'h' (x: y): set SDP_CONFIG_HOST to z."},
            "fault",
            "it did not give its status: The certificate of h:1 is not for 'h' (x: y)",
            "set SDP_CONFIG_HOST to z",
        ),
        (
            {"fault": "The database at h:1 rejected the call: etcdserver: x."},
            "fault",
            "rejected the call: etcdserver: x",
            "check that it runs",
        ),
        ({"is_denied": True, "size": None}, "warning", "user None may not read", "run doctor as"),
        (
            {"size": 1800 * MIB, "in_use": 1800 * MIB},
            "warning",
            "1800.0 MiB on h:1",
            "compact and",
        ),
        ({"size": 100 * MIB}, "warning", "1.0 MiB of it in use", "reclaim the rest with 'etcdctl"),
        ({"alarms": ("NOSPACE",)}, "fault", "alarm NOSPACE: a server has", "compact it, 'etcdctl"),
        ({"alarms": ("CORRUPT",)}, "fault", "alarm CORRUPT", "see etcd's guide"),
    ],
)
def test_server_readings_have_findings(
    change: dict[str, Any], verdict: str, text: str, advice: str
) -> None:
    finding = anomalies(replace(WELL, members=[MEMBER, replace(MEMBER, **change)]))[-1]
    assert finding.verdict == verdict
    assert text in finding.text
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [((-2.0, -1.9), "ok"), ((1.9, 3.0), "ok"), ((2.1, 3.2), "fault"), ((-4.0, -2.1), "fault")],
)
def test_clock_skew_of_two_seconds_is_tolerated(ahead: tuple[float, float], verdict: str) -> None:
    readings = replace(WELL, members=[replace(MEMBER, ahead=ahead)])
    assert [each.verdict for each in diagnose(readings) if each.subject == "clock"] == [verdict]


def test_different_versions_are_a_warning() -> None:
    (finding,) = anomalies(replace(WELL, members=[MEMBER, replace(MEMBER, version="3.5.17")]))
    assert finding.text == "etcd 3.5.16, 3.5.17"
    assert finding.advice == "finish the upgrade of all servers"


@pytest.mark.parametrize(
    ("version", "settings", "is_warned"),
    [
        ("3.5.29", {"username": "operator"}, True),
        ("3.4.23", {"username": "operator"}, True),
        # Not tested; a higher version need not have the corrections.
        ("3.6.0", {"username": "operator"}, True),
        ("3.5.30", {"username": "operator"}, False),
        ("3.5.31", {"username": "operator"}, False),
        ("3.5.16", {"username": "operator", "has_certificate": True}, False),
        # A test database has neither.
        ("3.5.16", {}, False),
    ],
)
def test_login_without_protection_is_a_warning(
    version: str, settings: dict[str, Any], is_warned: bool
) -> None:
    readings = replace(WELL, members=[replace(MEMBER, version=version)], **settings)
    found = [each for each in diagnose(readings) if each.subject == "access"]
    assert [each.verdict for each in found] == ["warning"] * is_warned
    for each in found:
        assert version in each.text
        assert "--client-cert-auth" in each.advice
        assert "3.5.30" in each.advice


def test_settings_of_login_and_certificate_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Nothing listens on port 1.
    for name, value in {"HOST": "127.0.0.1:1", "USERNAME": "operator", "PASSWORD": "p"}.items():
        monkeypatch.setenv(f"SDP_CONFIG_{name}", value)
    readings = Readings()
    read_members(readings)
    assert (readings.username is not None, readings.has_certificate) == (True, False)
    pair = Authority(tmp_path).pair("me@example.org")
    monkeypatch.setenv("SDP_CONFIG_PROTOCOL", "https")
    monkeypatch.setenv("SDP_CONFIG_CLIENT_CERT", str(pair.certificate))
    monkeypatch.setenv("SDP_CONFIG_CLIENT_KEY", str(pair.key))
    read_members(readings)
    assert (readings.username is not None, readings.has_certificate) == (True, True)


def test_clock_skew_is_read_from_the_date_header(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1_600_000_010.25, 1_600_000_010.5])
    monkeypatch.setattr("time.time", lambda: next(times))
    date = "Sun, 13 Sep 2020 12:26:45 GMT"  # 1,600,000,005
    member = read_member("h:1", "http://h:1", lambda url: ({}, date), ask)
    assert member.ahead == (-5.5, -4.25)
    assert (member.version, member.has_leader) == ("3.5.16", True)
    assert (member.size, member.in_use) == (5, 0)


def test_doctor_checks_a_real_server(database: Config, ska_sdp: Run) -> None:
    owner = {"pid": 9, "hostname": "here", "command": []}
    fill(database, {"/t/component/lmc/owner": owner})
    result = ska_sdp("doctor", "-o", "json", "--prefix=/t")
    assert (result.code, result.err) == (0, "")
    found = {each["subject"]: each for each in result.document}
    assert list(found) == [*SUBJECTS, "system"]
    assert found["version"]["text"].startswith("etcd 3.")
    assert found["clock"]["verdict"] == "ok"
    assert found["keys"]["text"].startswith("1 keys at revision ")
    assert found["components"]["text"] == "alive: lmc (here, pid 9)"


RESOURCES = {
    "/resource/storage:a": "not JSON",
    "/request/pb-x:a": "[]",
    "/allocation/pb-x:a": "5",
    "/system": "[]",
}


def test_doctor_lists_unreadable_resources(database: Config, ska_sdp: Run) -> None:
    fill(database, RESOURCES | {"/resource/b": {}, "/allocation/pb-x:b": {"quantity": "much"}})
    result = ska_sdp("doctor", "-o", "json")
    found = {each["subject"] for each in result.document if each["subject"][0] == "/"}
    assert found == set(RESOURCES)


def test_doctor_lists_unreadable_entries(database: Config, ska_sdp: Run) -> None:
    damaged = {
        "/eb/eb-x": "[]",
        "/pb/pb-x": "not JSON",
        "/deploy/proc-x": "{}",
        "/script/batch:x:1": "{}",
        "/flow/pb-x:a:b": "{}",
        "/dependency/a:b:c:d": "5",
        "/lmc/subarray/01": "not JSON",
        "/component/lmc/owner": "{}",
    }
    fill(database, damaged)
    fill(database, {"/eb/eb-y": {}, "/pb/pb-x/state": "not JSON", "/lmc/controller": {}})
    result = ska_sdp("doctor", "-o", "json")
    assert result.code == 0
    found = {each["subject"]: each for each in result.document if each["subject"][0] == "/"}
    assert set(found) == set(damaged)
    assert {each["verdict"] for each in found.values()} == {"warning"}
    assert "The value of /deploy/proc-x is no Deployment: " in found["/deploy/proc-x"]["text"]


def test_unreadable_entries_are_limited() -> None:
    fault = Unreadable("not JSON", "edit it", "delete it")
    faults = {f"/pb/pb-{number:02}": fault for number in range(15)}
    findings = [each for each in diagnose(replace(WELL, unreadable=faults)) if each.advice]
    assert [each.subject for each in findings] == [*list(faults)[:10], "entities"]
    assert findings[-1].text == "5 more cannot be read"


def test_doctor_reports_an_unreachable_database(parse: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("SDP_CONFIG_PORT", "9")
    result = parse("doctor")
    assert result.code == 5
    assert result.out == (
        "fault database: The database at 127.0.0.1:9 cannot be reached (connection refused); "
        "check that etcd runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT\n"
    )
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("error", [BadStatusLine("SSH-2.0"), TimeoutError(), URLError("x")])
def test_status_is_read_where_http_fails(error: Exception) -> None:
    def fetch(url: str) -> tuple[dict[str, Any], str]:
        raise error

    member = read_member("h:1", "http://h:1", fetch, ask)
    assert (member.fault, member.version, member.size, member.ahead) == ("", "3.5.16", 5, None)


@BACKENDS
def test_status_of_a_real_server_is_read(
    etcd: Etcd, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    for name, value in environment(etcd, {"SDP_CONFIG_BACKEND": backend}).items():
        monkeypatch.setenv(name, value)
    readings = Readings()
    read_members(readings)
    (member,) = readings.members
    assert (member.endpoint, member.fault, member.alarms) == (etcd.endpoint, "", ())
    assert member.version.startswith("3.")
    assert member.size is not None
    assert member.size >= member.in_use > 0
    assert member.has_leader
    assert member.ahead is not None


def test_alarm_of_several_servers_is_one_finding() -> None:
    full = replace(MEMBER, alarms=("NOSPACE",))
    findings = anomalies(replace(WELL, members=[full, full, full]))
    assert [(each.subject, each.verdict) for each in findings] == [("store", "fault")]


def test_rejected_login_on_several_servers_is_one_finding() -> None:
    error = ConfigConnectionError("The database at h:1 requires a login: set SDP_CONFIG_USERNAME.")
    member = replace(MEMBER, fault=str(error), is_login_rejected=True, size=None)
    readings = replace(WELL, error=error, members=[member, member])
    faults = [each for each in diagnose(readings) if each.verdict == "fault"]
    assert [(each.subject, each.advice) for each in faults] == [
        ("database", "set SDP_CONFIG_USERNAME")
    ]


def fill_up(config: Config) -> None:
    for number in range(100):
        fill(config, {f"/x/{number}": "x" * 100_000})


@BACKENDS
def test_full_store_is_a_fault(etcd_server: Any, backend: str) -> None:
    server = etcd_server(quota_backend_bytes=65536)
    with (
        Config(host=server.host, port=server.port) as config,
        pytest.raises(ConfigConnectionError, match="is full"),
    ):
        fill_up(config)
    result = run_here(server, ["doctor"], {"SDP_CONFIG_BACKEND": backend})
    assert result.code == 1
    assert "fault store: " in result.out
    assert result.out.count("NOSPACE") == 1
    assert result.err == "ska-sdp: Faults found: store; follow the advice above.\n"
