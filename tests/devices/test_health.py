"""Health endpoint of a server process while etcd starts, stops and hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from http.client import HTTPConnection
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.observability.families import FAMILIES
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port
from tests.services.health import ask, is_ready, reasons, scrape
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY, Server, failed_start
from .conftest import Serve, assign_text

COMMANDS = "sdp_lmc_command_duration_seconds_count"


def test_readiness_through_the_life_of_etcd(
    serve: Serve, broken_etcd: Etcd, health: str, health_settings: dict[str, str]
) -> None:
    began = datetime.now(timezone.utc)
    server = serve(**health_settings)
    # Before etcd.
    why = reasons(health)
    assert set(why) == {"database", "device-waits"}
    assert broken_etcd.endpoint in why["database"]["text"]
    assert why["device-waits"]["device"] == SUBARRAY
    for reason in why.values():
        assert began <= datetime.fromisoformat(reason["since"].replace("Z", "+00:00"))
        assert reason["text"].endswith(f", since {reason['since']}.")
    assert reasons(health, "/livez") == {}
    assert scrape(health).value("sdp_lmc_ready") == 0
    # Connected.
    broken_etcd.start()
    wait_until(lambda: is_ready(health), 20)
    assert server.proxy(SUBARRAY).state() == tango.DevState.OFF
    assert scrape(health).value("sdp_lmc_ready") == 1
    # The watch stream delivers its first message soon after readiness.
    wait_until(lambda: scrape(health).value("sdp_lmc_watch_quiet_seconds") > 0)
    # Paused.
    stopped = datetime.now(timezone.utc)
    broken_etcd.pause()
    wait_until(lambda: not is_ready(health), 30)
    why = reasons(health)
    assert set(why) == {"database"}
    since = datetime.fromisoformat(why["database"]["since"].replace("Z", "+00:00"))
    assert (since - stopped).total_seconds() < 5
    assert reasons(health, "/livez") == {}
    counted = scrape(health)
    assert counted.value("sdp_lmc_database_connected") == 0
    wait_until(lambda: scrape(health).value("sdp_lmc_watch_quiet_seconds") > 5, 30)
    # Resumed.
    broken_etcd.resume()
    wait_until(lambda: is_ready(health), 20)
    counted = scrape(health)
    assert counted.value("sdp_lmc_database_reconnects_total") >= 1
    assert counted.value("sdp_lmc_database_connected") == 1


def test_metrics_count_commands_and_events(
    serve: Serve, broken_etcd: Etcd, health: str, health_settings: dict[str, str]
) -> None:
    broken_etcd.start()
    server = serve(**health_settings)
    subarray = server.proxy(SUBARRAY)
    wait_until(lambda: is_ready(health), 20)
    assert scrape(health).one_of("sdp_lmc_obs_state", "obs_state") == "EMPTY"
    subarray.On()
    began = time.monotonic()
    subarray.AssignResources(assign_text())
    took = time.monotonic() - began
    with pytest.raises(tango.DevFailed):
        subarray.EndScan()
    with pytest.raises(tango.DevFailed):
        subarray.Configure("{")
    subarray.adminMode = 0
    counted = scrape(health)
    assert {each.name for each in FAMILIES} == {
        name for name in counted.families if name.startswith("sdp_lmc_")
    }
    for family in FAMILIES:
        found = counted.families[family.name]
        assert (found.type, found.documentation) == (family.kind, family.meaning)
        for sample in found.samples:
            assert set(sample.labels) - {"le"} == set(family.labels), sample
    for command, outcome in [
        ("On", "accepted"),
        ("AssignResources", "accepted"),
        ("EndScan", "refused"),
        ("Configure", "refused"),
        ("adminMode", "accepted"),
    ]:
        assert counted.value(COMMANDS, command=command) == 1
        assert counted.value(COMMANDS, command=command, outcome=outcome, device=SUBARRAY) == 1
    total = counted.value("sdp_lmc_command_duration_seconds_sum", command="AssignResources")
    assert 0 < total < took
    assert counted.one_of("sdp_lmc_obs_state", "obs_state") == "IDLE"
    assert counted.one_of("sdp_lmc_health_state", "health_state") == "OK"
    # EMPTY, RESOURCING, IDLE; for each a change, an archive and an alarm event.
    assert counted.value("sdp_lmc_events_pushed_total", attribute="obsState") == 3 * 3
    assert counted.value("sdp_lmc_events_pushed_total", attribute="resources") == 2 * 3
    assert counted.value("sdp_lmc_database_transactions_committed_total") >= 3
    assert counted.value("sdp_lmc_database_transactions_total") > counted.value(
        "sdp_lmc_database_transactions_committed_total"
    ), "a rejected command does not complete its transaction"
    wait_until(lambda: scrape(health).value("sdp_lmc_watch_lag_revisions") == 0)
    wait_until(lambda: scrape(health).value("sdp_lmc_watch_quiet_seconds") < 5)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """Subarray of a server that waits for its database, and ``host:port`` of its health."""
    host, port = "127.0.0.1", str(free_port("127.0.0.1"))
    settings = {
        "SDP_CONFIG_HOST": host,
        "SDP_CONFIG_PORT": str(free_port(host)),
        "SDP_LMC_HEALTH_ADDRESS": host,
        "SDP_LMC_HEALTH_PORT": port,
    }
    with Server(tmp_path_factory.mktemp("waiting"), [SUBARRAY], **settings) as server:
        yield server.proxy(SUBARRAY), f"{host}:{port}"


def test_command_that_database_rejects_counts_as_failed(waiting: tuple[Any, str]) -> None:
    subarray, health = waiting
    commands = {each.cmd_name for each in subarray.command_list_query()}
    counted = {
        (labels["device"], labels["command"], labels["outcome"]): value
        for labels, value in scrape(health).of(COMMANDS)
    }
    # An alarm on the increase needs a first value of 0, from before the first failure.
    assert counted == {
        (SUBARRAY, command, outcome): 0
        for command in {*commands - {"Init", "State", "Status"}, "adminMode"}
        for outcome in ("accepted", "refused", "failed")
    }
    with pytest.raises(tango.DevFailed):
        subarray.On()
    assert scrape(health).value(COMMANDS, command="On", outcome="failed") == 1


def test_conflicts_are_counted(
    serve: Serve, broken_etcd: Etcd, health: str, health_settings: dict[str, str]
) -> None:
    broken_etcd.start()
    subarray = serve(**health_settings).proxy(SUBARRAY)
    wait_until(lambda: is_ready(health), 20)
    subarray.On()
    over = threading.Event()

    def disturb() -> None:
        """Rewrite the subarray's entry unchanged, as fast as possible."""
        with Config(backend="etcd3", host=broken_etcd.host, port=broken_etcd.port) as config:
            while not over.is_set():
                for txn in config.txn():
                    txn.update("/lmc/subarray/01", txn.get("/lmc/subarray/01") or "")

    disturber = threading.Thread(target=disturb)
    disturber.start()

    def conflicts() -> float:
        for mode in (2, 0):
            # If the other writer always wins, the command times out first.
            with contextlib.suppress(tango.DevFailed):
                subarray.adminMode = mode
        return scrape(health).value("sdp_lmc_database_conflicts_total")

    try:
        wait_until(lambda: conflicts() > 0, 30)
    finally:
        over.set()
        disturber.join()
    counted = scrape(health)
    retries = counted.value("sdp_lmc_database_retries_total")
    assert retries >= counted.value("sdp_lmc_database_conflicts_total") > 0


@pytest.mark.long
def test_server_without_port_serves_no_health(serve: Serve, health: str) -> None:
    serve()
    with pytest.raises(OSError, match="refused"):
        ask(health, "/livez")


def test_health_endpoint_answers_in_plain_text(waiting: tuple[Any, str]) -> None:
    _, health = waiting
    status, words = ask(health, "/readyz", accept="text/plain")
    assert status == 503
    assert "test-sdp/subarray/01 is in State INIT" in words
    assert ask(health, "/livez", accept="text/plain") == (200, "ok\n")
    host, _, port = health.partition(":")
    connection = HTTPConnection(host, int(port), timeout=30)
    connection.request("HEAD", "/readyz")
    with connection.getresponse() as head:
        assert (head.status, head.read()) == (503, b"")
    connection.close()
    status, words = ask(health, "/")
    assert status == 404
    assert "/livez, /readyz, /metrics" in words


@pytest.mark.long
def test_silent_client_does_not_delay_others(
    serve: Serve, health: str, health_settings: dict[str, str]
) -> None:
    serve(**health_settings)
    host, _, port = health.partition(":")
    silent = [socket.create_connection((host, int(port)), 5) for _ in range(20)]
    try:
        assert ask(health, "/livez")[0] == 200
        # Their connections are closed.
        silent[0].settimeout(30)
        assert silent[0].recv(1) == b""
    finally:
        for each in silent:
            each.close()


def test_used_health_port_ends_start(health_settings: dict[str, str]) -> None:
    port = int(health_settings["SDP_LMC_HEALTH_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        words = failed_start("-nodb", "-dlist", SUBARRAY, **health_settings)
    assert (
        f"Cannot serve the health endpoint at 127.0.0.1 port {port} (Address already in use)"
        in words
    )
    assert "SDP_LMC_HEALTH_PORT" in words


@pytest.mark.long
def test_paused_server_fails_liveness(
    serve: Serve, health: str, health_settings: dict[str, str]
) -> None:
    server = serve(**health_settings)
    assert ask(health, "/livez")[0] == 200
    server.pause()
    began = time.monotonic()
    try:
        with pytest.raises(OSError, match="timed out"):
            ask(health, "/livez")
    finally:
        server.resume()
    assert time.monotonic() - began < 30
    wait_until(lambda: ask(health, "/livez")[0] == 200)
