"""Devices and an in-memory database in this process."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tango
from tango.test_context import MultiDeviceTestContext

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.lmc.states import AdminMode, ObsState
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.runtime import database
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port
from tests.services.etcd import QUICK
from tests.support.scripts import assignment, change
from tests.support.waiting import wait_until

from .bare_server import PATIENCE_MS, SUBARRAY, Server

CONTROLLER = "test-sdp/control/0"
EB = "eb-test-20260131-00000"
"""Execution block of ``assign_text``."""

Start = Callable[..., tuple[Any, Any]]
Serve = Callable[..., Server]
ServeOn = Callable[..., Server]


@pytest.fixture
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use an empty in-memory database."""
    monkeypatch.setenv("SDP_CONFIG_BACKEND", "memory")
    MemoryBackend.shared.clear()


@pytest.fixture
def config(_memory: None) -> Iterator[Config]:
    """Config on the empty database of the devices."""
    with Config() as config:
        yield config


@functools.cache
def _server() -> tuple[Any, Any]:
    """The server of this process, with a controller and a subarray that wait for an Init.

    It runs until the process ends, as Tango is not reliable when it is started repeatedly in one
    process.
    """
    devices = [
        {"class": SDPController, "devices": [{"name": CONTROLLER}]},
        {"class": SDPSubarray, "devices": [{"name": SUBARRAY}]},
    ]
    context = MultiDeviceTestContext(devices, process=False)
    context.start()
    atexit.register(context.stop)
    proxies = context.get_device(CONTROLLER), context.get_device(SUBARRAY)
    for proxy in proxies:
        proxy.set_timeout_millis(PATIENCE_MS)
    return proxies


@contextlib.contextmanager
def served(**properties: Any) -> Iterator[tuple[Any, Any]]:
    """Serve a controller and a subarray with device properties, on the environment's database."""
    proxies = _server()
    database.shut_down()
    tango_database = tango.Util.instance().get_database()
    tango_database.put_device_property(SUBARRAY, properties)
    for proxy in proxies:
        proxy.Init()
        wait_until(lambda proxy=proxy: proxy.state() != tango.DevState.INIT)  # type: ignore[misc]
    try:
        yield proxies
    finally:
        database.shut_down()
        tango_database.delete_device_property(SUBARRAY, list(properties))


@contextlib.contextmanager
def served_in_memory(**properties: Any) -> Iterator[tuple[Any, Any]]:
    """Serve both devices on an empty in-memory database, for all tests of a module."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SDP_CONFIG_BACKEND", "memory")
        MemoryBackend.shared.clear()
        with served(**properties) as devices:
            yield devices


@pytest.fixture
def start(config: Config) -> Iterator[Start]:
    """Function that starts a controller and a subarray with properties of the subarray."""
    # Before a test changes the environment: the first Init of the process uses it too, and writes.
    _server()
    database.shut_down()
    MemoryBackend.shared.clear()
    with contextlib.ExitStack() as stack:
        yield lambda **properties: stack.enter_context(served(**properties))


@pytest.fixture
def subarray(start: Start) -> Any:
    """Subarray without required components."""
    return start(RequiredComponents="none")[1]


@pytest.fixture
def subarray_device(subarray: Any) -> Iterator[Any]:
    """Device of ``subarray`` in this process, which a test may delete."""
    (device,) = tango.Util.instance().get_device_list_by_class("SDPSubarray")
    yield device
    # Only the test deleted it: Tango has not destroyed it, and the next Init serves it again.
    device._is_deleted = False


def running_loops() -> int:
    """Return the number of watch loops of the subarray in this process."""
    return [each.name for each in threading.enumerate()].count(f"watch-{SUBARRAY}")


@pytest.fixture
def controller(start: Start) -> Any:
    return start()[0]


def assign_text(pbs: tuple[tuple[str, str], ...] = ()) -> str:
    """Return an AssignResources message with processing blocks, pairs of ID and script name."""
    blocks = {pb_id: ("realtime", name) for pb_id, name in pbs}
    return assignment(EB, blocks, ("SKA001", "SKA036"))


def rejection(call: Callable[..., Any], *arguments: Any) -> tuple[str, str]:
    """Execute a command that is rejected; return the reason and the text."""
    with pytest.raises(tango.DevFailed) as rejected:
        call(*arguments)
    first = rejected.value.args[0]
    return first.reason, first.desc


def write_state(config: Config, pb_id: str, root: str = "", **state: Any) -> None:
    """Update the state of a processing block, as its script does."""
    change(config, f"{root}/pb/{pb_id}/state", **state)


def stored(config: Config, path: str) -> str | None:
    found: str | None = config.backend.get(path)[0]
    return found


def stored_entry(config: Config) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(stored(config, "/lmc/subarray/01") or "")
    return entry


def obs_states(names: str) -> list[ObsState]:
    return [ObsState[name] for name in names.split()]


class Events:
    """Change events that a client receives of some attributes, in order."""

    def __init__(self, proxy: Any, *names: str, kind: str = "CHANGE_EVENT") -> None:
        self.received: list[tuple[str, Any]] = []
        self._modes: list[int] = []
        self._proxy = proxy
        event = getattr(tango.EventType, kind)
        self._ids = [proxy.subscribe_event(name, event, self._receiver(name)) for name in names]
        wait_until(lambda: len(self.received) >= len(names), what=f"events of {names}")
        self._ids.append(proxy.subscribe_event("adminMode", event, self._on_mode))
        self.begin()

    def begin(self) -> None:
        """Wait until events arrive, and with them all pushed so far; discard them.

        Tango connects after it subscribes, and events pushed before the connection are lost. The
        last subscription is connected last.
        """
        for mode in (AdminMode.ENGINEERING, AdminMode.ONLINE):
            for _ in range(20):
                self._proxy.adminMode = AdminMode.ONLINE
                self._proxy.adminMode = mode
                with contextlib.suppress(AssertionError):
                    wait_until(lambda mode=mode: self._modes[-1:] == [mode], 0.5)  # type: ignore[misc]
                    break
            else:
                raise AssertionError(f"no event of adminMode {mode.name} was received")
        self.received.clear()

    def _on_mode(self, event: Any) -> None:
        if not event.err:
            self._modes.append(event.attr_value.value)

    def _receiver(self, name: str) -> Callable[[Any], None]:
        def on_event(event: Any) -> None:
            if not event.err:
                self.received.append((name, event.attr_value.value))

        return on_event

    def of(self, name: str) -> list[Any]:
        return [value for each, value in self.received if each == name]

    def wait_for(self, name: str, expected: list[Any]) -> None:
        """Wait until exactly the expected values of an attribute were received."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: len(self.of(name)) >= len(expected))
        assert self.of(name) == expected

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._ids:
            self._proxy.unsubscribe_event(number)


@pytest.fixture
def _restored_logging() -> Iterator[None]:
    """Restore the logging configuration after a test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def log(_restored_logging: None) -> io.StringIO:
    stream = io.StringIO()
    logs.set_up("INFO", "ska", stream)
    return stream


@pytest.fixture
def broken_etcd(tmp_path: Path) -> Iterator[Etcd]:
    """etcd of one test with a port, not started."""
    etcd = Etcd(tmp_path / "etcd", flags=QUICK)
    etcd.directory.mkdir()
    etcd.start()
    etcd.stop()
    yield etcd
    etcd.resume()
    etcd.stop()


@pytest.fixture
def serve_on(tmp_path: Path) -> Iterator[ServeOn]:
    """Function that starts a subarray server on an etcd."""
    with contextlib.ExitStack() as servers:

        def begin(etcd: Etcd, *devices: str, **settings: str) -> Server:
            where = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
            server = Server(tmp_path, list(devices) or [SUBARRAY], **where, **settings)
            servers.callback(server.stop)
            server.start()
            return server

        yield begin


@pytest.fixture
def serve(broken_etcd: Etcd, serve_on: ServeOn) -> Serve:
    """Function that starts a subarray server on the etcd of the test."""
    return functools.partial(serve_on, broken_etcd)


@pytest.fixture
def health() -> str:
    """``host:port`` for a server's health."""
    return f"127.0.0.1:{free_port('127.0.0.1')}"


@pytest.fixture
def health_settings(health: str) -> dict[str, str]:
    """Settings of a server that serves its health at ``health``."""
    host, _, port = health.partition(":")
    return {"SDP_LMC_HEALTH_ADDRESS": host, "SDP_LMC_HEALTH_PORT": port}
