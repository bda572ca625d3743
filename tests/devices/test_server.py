"""A server process without a Tango database, on a real etcd that starts, stops and hangs.

No events here: a process that has subscribed to another's and then runs a server of its own, as
the tests beside these do, is ended by omniORB when it exits (PyTango 10.3.1).
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode, HealthState, ObsState
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.support.in_time import on_time
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY, failed_start
from .conftest import Serve, assign_text, rejection


def test_server_starts_without_database_and_waits(serve: Serve, broken_etcd: Etcd) -> None:
    subarray = serve().proxy(SUBARRAY)
    assert subarray.state() == tango.DevState.INIT
    address = broken_etcd.endpoint
    assert subarray.status() == f"Waits for the configuration database at {address}."
    assert subarray.read_attribute("obsState").quality == tango.AttrQuality.ATTR_INVALID
    assert subarray.healthState == HealthState.UNKNOWN
    assert subarray.versionId
    took = []
    for _ in range(5):
        began = time.monotonic()
        reason, text = rejection(subarray.On)
        took.append(time.monotonic() - began)
        assert reason == "API_CommandFailed"
        assert address in text
    # Immediately, without the 2 s of a wait for the database; a busy machine may delay some.
    on_time(min(took) < 0.5, f"it took {min(took):.2f} s at best")
    broken_etcd.start()
    wait_until(lambda: subarray.state() == tango.DevState.OFF, 30)
    subarray.On()
    assert subarray.obsState == ObsState.EMPTY
    # A published outage ends soon after the first view.
    wait_until(lambda: subarray.healthState == HealthState.OK)


def test_restored_database_is_published(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    subarray = serve().connected()
    for _ in range(5):
        subarray.On()
        subarray.Off()
    subarray.On()
    # The watch has delivered all earlier changes.
    with Config(host=broken_etcd.host, port=broken_etcd.port) as config:
        for txn in config.txn():
            entry = json.loads(txn.get("/lmc/subarray/01") or "")
            txn.update("/lmc/subarray/01", json.dumps({**entry, "admin_mode": "ENGINEERING"}))
    wait_until(lambda: subarray.adminMode == AdminMode.ENGINEERING)
    broken_etcd.stop()
    shutil.rmtree(broken_etcd.directory / "etcd-data")
    broken_etcd.start()
    wait_until(lambda: subarray.state() == tango.DevState.OFF, 30)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    subarray.On()
    assert subarray.state() == tango.DevState.ON
    subarray.Off()
    assert subarray.state() == tango.DevState.OFF


def test_settings_are_written_again_after_a_restore(
    serve: Serve, broken_etcd: Etcd, tmp_path: Path
) -> None:
    data, copy = broken_etcd.directory / "etcd-data", tmp_path / "copy"
    path = "/lmc/subarray/01"
    broken_etcd.start()
    with Config(host=broken_etcd.host, port=broken_etcd.port) as config:
        config.backend.create(path, "{}")
    broken_etcd.stop()
    shutil.copytree(data, copy)
    broken_etcd.start()
    subarray = serve().connected()
    for _ in range(5):
        subarray.On()
        subarray.Off()
    broken_etcd.stop()
    shutil.rmtree(data)
    shutil.copytree(copy, data)
    broken_etcd.start()

    def stored() -> Any:
        with Config(host=broken_etcd.host, port=broken_etcd.port) as config:
            return json.loads(config.backend.get(path)[0] or "")

    wait_until(lambda: "settings" in stored(), 30)
    assert stored().keys() == {"settings"}
    assert stored()["settings"]["required_components"] == []


def test_hanging_database_does_not_block_reads(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    server = serve()
    subarray = server.connected()
    subarray.On()
    subarray.AssignResources(assign_text())
    broken_etcd.pause()
    waits: list[float] = []

    def configure() -> None:
        began = time.monotonic()
        with tango.EnsureOmniThread():
            reason, _ = rejection(server.proxy(SUBARRAY).Configure, '{"scan_type": "science"}')
        assert reason == "API_CommandFailed"
        waits.append(time.monotonic() - began)

    threads = [threading.Thread(target=configure) for _ in range(8)]
    for thread in threads:
        thread.start()
    reads: list[float] = []
    while not reads or any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        subarray.state()
        assert subarray.obsState == ObsState.IDLE
        reads.append(time.monotonic() - began)
    # A read that waits for a command under the monitor takes as long as the command: 2 s. The
    # end-to-end tests measure the delays of all reads.
    on_time(statistics.median(reads) < 0.5, f"reads took {statistics.median(reads):.2f} s")
    assert len(waits) == 8
    # In sequence they would take 16 s.
    on_time(max(waits) < 10, f"a command took {max(waits):.2f} s")
    wait_until(lambda: subarray.healthState == HealthState.FAILED)
    assert broken_etcd.endpoint in subarray.healthInfo[0]
    read = subarray.read_attribute("obsState")
    assert read.quality == tango.AttrQuality.ATTR_VALID
    # The time of the last response, 5 s before an outage is published.
    assert time.time() - read.time.totime() >= 5
    broken_etcd.resume()
    wait_until(lambda: subarray.healthState == HealthState.OK)
    subarray.Configure('{"scan_type": "science"}')
    assert subarray.obsState == ObsState.READY


@pytest.mark.long
def test_changes_during_outage_are_published_after_it(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    # Long enough for the database to be stopped first on a busy machine.
    subarray = serve(SDP_LMC_TIMEOUT_ASSIGN_RESOURCES="4").connected()
    subarray.On()
    subarray.AssignResources(assign_text((("pb-a", "work"),)))
    began = time.monotonic()
    broken_etcd.pause()
    reason, text = rejection(setattr, subarray, "adminMode", AdminMode.OFFLINE)
    assert reason == "API_CommandFailed"
    assert "Writing adminMode" in text
    assert (subarray.adminMode, subarray.state()) == (AdminMode.ONLINE, tango.DevState.ON)
    # The timeout expires; only the database shows whether the block was ready in time.
    wait_until(lambda: time.monotonic() > began + 4.5)
    assert subarray.obsState == ObsState.RESOURCING
    broken_etcd.resume()
    wait_until(lambda: subarray.obsState == ObsState.FAULT)
    assert "within 4 s: pb-a is STARTING" in subarray.errorMessages
    # Whether or not the commit took effect, the device shows the state of the database.
    wait_until(lambda: subarray.healthState == HealthState.DEGRADED)
    with Config(backend="etcd3", host=broken_etcd.host, port=broken_etcd.port) as config:

        def shows_what_is_written() -> bool:
            for txn in config.txn():
                entry = json.loads(txn.get("/lmc/subarray/01") or "{}")
            mode, errors = AdminMode(subarray.adminMode).name, subarray.errorMessages
            return (mode, json.loads(errors)) == (entry["admin_mode"], entry["errors"])

        wait_until(shows_what_is_written)


def test_killed_server_loses_no_state(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    server = serve()
    subarray = server.connected()
    subarray.On()
    subarray.AssignResources(assign_text())
    subarray.Configure('{"scan_type": "science"}')
    subarray.Scan('{"scan_id": 11}')
    server.kill()
    server.start()
    subarray = server.proxy(SUBARRAY)
    wait_until(lambda: subarray.state() == tango.DevState.ON)
    assert (subarray.obsState, subarray.scanID) == (ObsState.SCANNING, 11)
    subarray.EndScan()


def test_sigterm_ends_server_and_removes_presence(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    names = [f"test-sdp/subarray/{number:02}" for number in range(1, 5)]
    server = serve(*names)
    with Config(backend="etcd3", host=broken_etcd.host, port=broken_etcd.port) as config:

        def components() -> list[str]:
            found: list[list[str]] = [txn.component.list_keys() for txn in config.txn()]
            return found[-1]

        wait_until(lambda: len(components()) == 4)
        assert components()[0] == "lmc-subarray-01"
        took: list[float] = []
        # A busy machine may be late.
        while len(took) < 4 and not any(seconds < 3 for seconds in took):
            if took:
                server.start()
                wait_until(lambda: len(components()) == 4)
            began = time.monotonic()
            server.process.signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
            took.append(time.monotonic() - began)
            # It has revoked them, without waiting for its lease to expire.
            wait_until(lambda: components() == [], within=5)
        on_time(min(took) < 3, f"it took {min(took):.2f} s at best")


def test_every_log_line_has_ska_format(serve: Serve, broken_etcd: Etcd) -> None:
    broken_etcd.start()
    server = serve(SDP_LMC_LOG_FORMAT="json")
    subarray = server.connected()
    subarray.On()
    with pytest.raises(tango.DevFailed):
        subarray.Scan("{}")
    lines = [line for line in server.process.output().splitlines() if line.startswith("{")]
    records = [json.loads(line) for line in lines]
    for function, message in {
        "On": "On done, obsState EMPTY",
        "Scan": "Scan rejected: $.scan_id: field required",
    }.items():
        found = [each for each in records if each["function"] == function]
        assert [each["message"] for each in found] == [message]
        assert found[0]["thread"] == "tango"
        assert found[0]["tags"]["tango-device"] == SUBARRAY
        assert found[0]["tags"]["transaction-id"].startswith("txn-")
    threads = {each["thread"] for each in records}
    # The thread that checks the access to the database logs on a slow machine only.
    assert threads - {"database-access"} == {"MainThread", "tango", f"watch-{SUBARRAY}"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SDP_LMC_STRICTNESS", "7"),
        pytest.param("SDP_LMC_TIMEOUT_CONFIGURE", "soon", marks=pytest.mark.long),
        ("SDP_LMC_HEALTH_PORT", "http"),
        ("SDP_CONFIG_PORT", "many"),
    ],
)
def test_invalid_setting_ends_start(name: str, value: str) -> None:
    assert name in failed_start("-nodb", "-dlist", SUBARRAY, **{name: value})


@pytest.mark.long
@pytest.mark.parametrize(
    ("level", "is_logged"), [("ERROR", False), ("WARNING", True), ("INFO", True)]
)
def test_log_level_is_a_setting(
    serve: Serve, broken_etcd: Etcd, level: str, is_logged: bool
) -> None:
    broken_etcd.start()
    # A missing component is logged as a warning.
    server = serve(SDP_LMC_LOG_LEVEL=level, SDP_LMC_REQUIRED_COMPONENTS="nowhere")
    subarray = server.proxy(SUBARRAY)
    wait_until(lambda: subarray.healthState == HealthState.DEGRADED)
    subarray.On()
    if is_logged:
        wait_until(lambda: "|WARNING|" in server.process.output())
    output = server.process.output()
    assert ("|WARNING|" in output) is is_logged
    assert ("|INFO|" in output) is (level == "INFO")


def test_invalid_setting_of_telemetry_ends_start(tango_db: TangoDatabase) -> None:
    settings = {"TANGO_TELEMETRY_ENABLE": "on", "TANGO_TELEMETRY_TRACING_EXPORTERS": "paper"}
    output = failed_start(TANGO_HOST=tango_db.tango_host, **settings)
    assert "Tango rejects its environment (Cannot parse 'paper' as Exporter" in output


@pytest.mark.parametrize("host", ["nowhere", "nowhere:many"])
def test_invalid_tango_host_ends_start(host: str) -> None:
    (line,) = failed_start(TANGO_HOST=host).splitlines()
    assert line.startswith("SDPSubarray: ")
    assert f"check TANGO_HOST, which is '{host}', expected host:port" in line


def test_invalid_subarray_name_ends_start() -> None:
    name = "test-sdp/subarray/x+y"
    output = failed_start("-nodb", "-dlist", name)
    assert f"{name}: The last part of the device's name, 'x+y', cannot be" in output


def test_invalid_property_ends_start(tmp_path: Path) -> None:
    properties = tmp_path / "properties"
    properties.write_text(
        f'SDPSubarray/01/DEVICE/SDPSubarray: "{SUBARRAY}"\n{SUBARRAY}->TimeoutConfigure: "soon"\n'
    )
    output = failed_start(f"-file={properties}")
    assert "Invalid value 'soon' for device property TimeoutConfigure" in output
    assert SUBARRAY in output
