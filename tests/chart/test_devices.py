"""Real device servers and a real Tango database take what the chart tells them."""

from __future__ import annotations

import contextlib
import itertools
import queue
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import tango

from ska_sdp_sim.stack import Etcd, TangoDatabase
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.programs import clean_environment, installed_program
from tests.chart.rendering import NAMESPACE, Manifest, Objects, Renderer
from tests.chart.substitution import Place, RenderedPart
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

PATIENCE_MS = 30_000
"""How long clients wait for a device on a busy machine."""

NAME = "sdp-ska-sdp-lmc"
SUFFIX = f"{NAMESPACE}.svc.cluster.local"
VALUES = {
    "lmc": {
        "prefix": "charted",
        "databasePrefix": "/charted",
        "subarray": {"timeoutConfigure": 77},
    }
}


def container_of(manifest: Manifest) -> Manifest:
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


class Server(RenderedPart):
    """A device server as its Deployment has it, with ports of this machine."""

    def __init__(
        self, name: str, directory: Path, objects: Objects, databases: dict[str, str]
    ) -> None:
        self.ports = {port: str(free_port()) for port in ("45450", "45451", "45452", "8080")}
        container = container_of(objects.only("Deployment", f"-{name}"))
        place = Place(
            databases
            | self.ports
            # The address of the pod, and the name of its Service.
            | {"$(POD_IP)": "127.0.0.1", f"{NAME}-{name}.{SUFFIX}": "localhost"},
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
    """One for the names of these servers alone."""
    return tango_database()


@pytest.fixture
def databases(etcd: Etcd, tango_db: TangoDatabase) -> dict[str, str]:
    """The databases as the chart names them, and where they are here."""
    return {
        f"{NAME}-etcd-0.{NAME}-etcd-members.{SUFFIX}:2379": etcd.endpoint,
        f"{NAME}-databaseds.{SUFFIX}:10000": tango_db.tango_host,
    }


@pytest.fixture
def registered(render: Renderer, databases: dict[str, str], tmp_path: Path) -> Objects:
    """What the chart makes; its job has registered the devices."""
    objects = render(VALUES)
    data = objects.only("ConfigMap", "-register")["data"]
    for name, text in data.items():
        (tmp_path / name).write_text(text)
    container = container_of(objects.only("Job", "-register"))
    place = Place(databases | {"/etc/devices": str(tmp_path)}, objects)
    done = subprocess.run(
        [installed_program("ska-sdp-lmc", "tango"), *place.words(container)[1:]],
        env=clean_environment(**place.environment(container)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return objects


@pytest.fixture
def servers(
    registered: Objects, databases: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, Server]]:
    """The controller and a subarray, running."""
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


def test_the_job_registers_the_devices_and_their_properties(
    registered: Objects, tango_db: TangoDatabase
) -> None:
    database = tango_db.connect()
    info = database.get_device_info("charted-sdp/subarray/01")
    assert (info.ds_full_name, info.class_name) == ("SDPSubarray/01", "SDPSubarray")
    held = database.get_device_property("charted-sdp/subarray/01", ["TimeoutConfigure"])
    assert list(held["TimeoutConfigure"]) == ["77"]


def test_devices_are_reached_by_the_services_name_and_its_ports(
    servers: dict[str, Server], tango_db: TangoDatabase
) -> None:
    server = servers["subarray-01"]
    ior = tango_db.connect().get_device_info("charted-sdp/subarray/01").ior
    # The name of the Service stands in it, not the address of the pod.
    assert b"localhost" in bytes.fromhex(ior.removeprefix("IOR:"))
    proxy = tango.DeviceProxy(server.device)
    proxy.set_timeout_millis(PATIENCE_MS)
    events: queue.SimpleQueue[tango.EventData] = queue.SimpleQueue()
    subscription = proxy.subscribe_event("adminMode", tango.EventType.CHANGE_EVENT, events.put)
    try:
        first = events.get(timeout=60)
        assert not first.err
        heard: set[int] = set()
        modes = itertools.cycle((1, 0))

        def both_heard() -> bool:
            # One at a time: of two that come fast the device may tell the last alone. And again,
            # as a subscription may begin a little later than it says.
            proxy.adminMode = next(modes)
            with contextlib.suppress(queue.Empty):
                event = events.get(timeout=5)
                assert not event.err
                heard.add(int(event.attr_value.value))
            return heard == {0, 1}

        wait_until(both_heard, within=60)
        administration = tango.DeviceProxy(f"{server.device.rpartition('/charted')[0]}/{_admin()}")
        administration.set_timeout_millis(PATIENCE_MS)
        _, told = administration.ZmqEventSubscriptionChange(
            ["charted-sdp/subarray/01", "adminMode", "subscribe", "change", "6"]
        )
    finally:
        proxy.unsubscribe_event(subscription)
    heartbeat, event = server.ports["45451"], server.ports["45452"]
    # The pod's address first, then the Service's name.
    assert list(told[:4]) == [
        f"tcp://127.0.0.1:{heartbeat}",
        f"tcp://127.0.0.1:{event}",
        f"tcp://localhost:{heartbeat}",
        f"tcp://localhost:{event}",
    ]


def _admin() -> str:
    return "dserver/SDPSubarray/01"
