"""Real device servers and a real Tango database work with the settings of the chart."""

from __future__ import annotations

import contextlib
import itertools
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import tango

from ska_sdp_sim.stack import Etcd, TangoDatabase
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.programs import clean_environment, installed_program
from tests.chart.rendering import NAMESPACE, Objects, Renderer, container_of
from tests.chart.substitution import Place, RenderedPart, run_program
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

CLIENT_TIMEOUT_MS = 30_000
"""Timeout of clients on a loaded machine, in milliseconds."""

NAME = "sdp-ska-sdp-lmc"
SUFFIX = f"{NAMESPACE}.svc.cluster.local"
VALUES = {
    "lmc": {
        "prefix": "charted",
        "databasePrefix": "/charted",
        "subarray": {"timeoutConfigure": 77},
    }
}


class Server(RenderedPart):
    """Device server of a Deployment, on ports of this machine."""

    def __init__(
        self, name: str, directory: Path, objects: Objects, databases: dict[str, str]
    ) -> None:
        self.ports = {port: str(free_port()) for port in ("45450", "45451", "45452", "8080")}
        container = container_of(objects.only("Deployment", f"-{name}"))
        place = Place(
            databases
            | self.ports
            # The address of the pod, and the name of its Service.
            | {"$(SDP_POD_IP)": "127.0.0.1", f"{NAME}-{name}.{SUFFIX}": "localhost"},
            objects,
        )
        program = installed_program(container["command"][0], "tango")
        super().__init__(name, directory, container, place, program)
        what = "control/0" if name == "controller" else f"subarray/{name[-2:]}"
        self.device = f"tango://{self.environment()['TANGO_HOST']}/charted-sdp/{what}"

    def is_ready(self) -> bool:
        try:
            proxy = tango.DeviceProxy(self.device)
            return bool(proxy.state() != tango.DevState.INIT)
        except tango.DevFailed:
            return False


@pytest.fixture
def tango_db(tango_database: Callable[[], TangoDatabase]) -> TangoDatabase:
    """Tango database for these servers only."""
    return tango_database()


@pytest.fixture
def databases(etcd: Etcd, tango_db: TangoDatabase) -> dict[str, str]:
    """Addresses of the databases on this machine, by their names in the chart."""
    return {
        f"{NAME}-etcd-0.{NAME}-etcd-members.{SUFFIX}:2379": etcd.endpoint,
        f"{NAME}-databaseds.{SUFFIX}:10000": tango_db.tango_host,
    }


@pytest.fixture
def registered(render: Renderer, databases: dict[str, str], tmp_path: Path) -> Objects:
    """Objects of the chart; its job has registered the devices."""
    objects = render(VALUES)
    data = objects.only("ConfigMap", "-register")["data"]
    for name, text in data.items():
        (tmp_path / name).write_text(text)
    container = container_of(objects.only("Job", "-register"))
    place = Place(databases | {"/etc/devices": str(tmp_path)}, objects)
    words = [installed_program("ska-sdp-lmc", "tango"), *place.words(container)[1:]]
    run_program(words, clean_environment(**place.environment(container)))
    return objects


@pytest.fixture
def servers(
    registered: Objects, databases: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, Server]]:
    made = {
        name: Server(name, tmp_path, registered, databases)
        for name in ("controller", "subarray-01")
    }
    with ExitStack() as undo:
        for server in made.values():
            undo.callback(Part.stop, server)
            server.launch()
        for server in made.values():
            server.wait()
        yield made


def test_job_registers_devices_and_properties(
    registered: Objects, tango_db: TangoDatabase
) -> None:
    database = tango_db.connect()
    info = database.get_device_info("charted-sdp/subarray/01")
    assert (info.ds_full_name, info.class_name) == ("SDPSubarray/01", "SDPSubarray")
    stored = database.get_device_property("charted-sdp/subarray/01", ["TimeoutConfigure"])
    assert list(stored["TimeoutConfigure"]) == ["77"]


def test_devices_publish_the_name_and_ports_of_the_service(
    servers: dict[str, Server], tango_db: TangoDatabase
) -> None:
    server = servers["subarray-01"]
    ior = tango_db.connect().get_device_info("charted-sdp/subarray/01").ior
    # It contains the name of the Service, not the address of the pod.
    assert b"localhost" in bytes.fromhex(ior.removeprefix("IOR:"))
    proxy = tango.DeviceProxy(server.device)
    proxy.set_timeout_millis(CLIENT_TIMEOUT_MS)
    events: queue.SimpleQueue[tango.EventData] = queue.SimpleQueue()
    subscription = proxy.subscribe_event("adminMode", tango.EventType.CHANGE_EVENT, events.put)
    try:
        first = events.get(timeout=60)
        assert not first.err
        received: set[int] = set()
        modes = itertools.cycle((1, 0))

        def both_received() -> bool:
            # One at a time, as fast changes may be merged into one event; and repeatedly, as a
            # subscription may become active after the call has returned.
            proxy.adminMode = next(modes)
            with contextlib.suppress(queue.Empty):
                event = events.get(timeout=5)
                assert not event.err
                received.add(int(event.attr_value.value))
            return received == {0, 1}

        wait_until(both_received, within=60)
        host = server.device.rpartition("/charted")[0]
        administration = tango.DeviceProxy(f"{host}/dserver/SDPSubarray/01")
        administration.set_timeout_millis(CLIENT_TIMEOUT_MS)
        _, endpoints = administration.ZmqEventSubscriptionChange(
            ["charted-sdp/subarray/01", "adminMode", "subscribe", "change", "6"]
        )
    finally:
        proxy.unsubscribe_event(subscription)
    heartbeat, event = server.ports["45451"], server.ports["45452"]
    # The pod's address first, then the Service's name.
    assert list(endpoints[:4]) == [
        f"tcp://127.0.0.1:{heartbeat}",
        f"tcp://127.0.0.1:{event}",
        f"tcp://localhost:{heartbeat}",
        f"tcp://localhost:{event}",
    ]
