"""Each call of a device server to Tango is cut on both sides, and keeps its promise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.faults.cut_server import write_cut
from tests.faults.cuts import Cut
from tests.faults.device_scenes import DEVICE_SCENES, CutServer, DeviceScene, assign, release
from tests.faults.kill_points import DEVICE_PROMISES, KILL_POINTS, cuts_of
from tests.services.etcd import QUICK, data_deleted_after
from tests.support.waiting import wait_until

DEVICE = "kill-sdp/subarray/01"
SERVER = "SDPSubarray/kill-points"


CASES = [
    (point, cut)
    for point in KILL_POINTS
    if point.scene in DEVICE_SCENES
    for (cut,) in cuts_of(point)
]


def title(cut: Cut) -> str:
    return f"{cut.side} {cut.site} {cut.skip or ''}".strip()


CUT = [pytest.param(point.scene, cut, id=title(cut)) for point, cut in CASES]
KILLED = [pytest.param(cut, id=title(cut)) for point, cut in CASES if point.is_killed]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    with (
        data_deleted_after(Etcd(tmp_path_factory.mktemp("etcd"), flags=QUICK)) as server,
        Config(host=server.host, port=server.port) as config,
    ):
        yield config


@pytest.fixture(scope="module")
def server(
    config: Config, tango_db: TangoDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CutServer]:
    properties = {"RequiredComponents": ["none"]}
    register(tango_db.connect(), [Registration(SERVER, "SDPSubarray", DEVICE, properties)])
    settings = {"TANGO_HOST": tango_db.tango_host, "SDP_CONFIG_HOST": config.backend.address}
    server = CutServer(SERVER, [DEVICE], tmp_path_factory.mktemp("server"), settings)
    with server:
        DeviceScene(server, tango_db.connect(), config, lambda: None).subarray().command("On")
        yield server


@contextmanager
def scene_of(
    server: CutServer, tango_db: TangoDatabase, config: Config, cut: Cut, *, is_killed: bool
) -> Iterator[DeviceScene]:
    """A scene with a running server; a cut that was not made is discarded with its server."""
    if not server.running:
        server.start()

    def begin() -> None:
        write_cut(server.cut, cut, is_killed=is_killed)

    scene = DeviceScene(server, tango_db.connect(), config, begin)
    subarray = scene.subarray()
    if subarray.obs_state == "IDLE":
        # A scene has failed in between.
        release(subarray)
    try:
        yield scene
    finally:
        if server.cut.exists():
            # The server has read it, and would make it in the next scene.
            server.stop()
            server.cut.unlink(missing_ok=True)


def test_each_promise_has_a_scene() -> None:
    assert set(DEVICE_SCENES) == set(DEVICE_PROMISES)


@pytest.mark.long
def test_scene_that_failed_leaves_nothing_to_the_next(
    server: CutServer, tango_db: TangoDatabase, config: Config
) -> None:
    _, cut = CASES[0]
    never = cut._replace(skip=10_000)
    with scene_of(server, tango_db, config, never, is_killed=True) as prepared:
        prepared.begin()
        assign(prepared.subarray())
    assert not server.running
    with scene_of(server, tango_db, config, cut, is_killed=True) as prepared:
        assert prepared.is_cut()
        assert prepared.subarray().obs_state == "EMPTY"


@pytest.mark.long
def test_scene_that_failed_leaves_no_invalid_setting(
    server: CutServer, tango_db: TangoDatabase, config: Config
) -> None:
    never = CASES[0][1]._replace(skip=10_000)
    with scene_of(server, tango_db, config, never, is_killed=False) as prepared:
        with pytest.raises(AssertionError):
            DEVICE_SCENES["shows_setting"](prepared)
        found = prepared.tango_db.get_device_property(prepared.device, "TimeoutConfigure")
    assert not found["TimeoutConfigure"]


@pytest.mark.long
@pytest.mark.parametrize(("scene", "cut"), CUT)
def test_cut_call_of_a_server_keeps_its_promise(
    server: CutServer, tango_db: TangoDatabase, config: Config, scene: str, cut: Cut
) -> None:
    with scene_of(server, tango_db, config, cut, is_killed=False) as prepared:
        DEVICE_SCENES[scene](prepared)


@pytest.mark.long
@pytest.mark.parametrize("cut", KILLED)
def test_server_killed_while_it_publishes_has_executed_its_command(
    server: CutServer, tango_db: TangoDatabase, config: Config, cut: Cut
) -> None:
    with scene_of(server, tango_db, config, cut, is_killed=True) as prepared:
        subarray = prepared.subarray()
        count = prepared.command_count()
        prepared.begin()
        with pytest.raises(tango.DevFailed):
            assign(subarray)
        wait_until(lambda: not server.running)
        server.start()
        subarray = prepared.subarray()
        subarray.wait_for("IDLE")
        assert prepared.command_count() == count + 1
        release(subarray)
