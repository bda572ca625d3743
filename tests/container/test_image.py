"""Each role, started from the result of the Dockerfile's steps, on real databases."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.simulator import Simulator
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.container.recipe import ROOT, Image, pins
from tests.services.etcd import QUICK
from tests.support.release import VERSION

pytestmark = pytest.mark.long

PREFIX = "image"


@pytest.fixture(scope="module")
def image(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image, built from the context that a release has."""
    directory = tmp_path_factory.mktemp("image")
    context = directory / "context"
    shutil.unpack_archive(dist / f"ska-sdp-lmc-image-{VERSION}.tar.gz", context)
    return Image(directory, context)


class ServerInImage(DeviceServer):
    def __init__(
        self,
        image: Image,
        server: str,
        devices: Sequence[str],
        directory: Path,
        settings: Mapping[str, str],
    ) -> None:
        super().__init__(server, devices, directory, settings)
        self._image = image

    def command(self) -> list[str]:
        program, *words = super().command()
        return [str(self._image.bin / Path(program).name), *words]

    def environment(self) -> dict[str, str]:
        return self._image.environment(**self.settings)


class SimulatorOfImage(Simulator):
    def __init__(self, image: Image, directory: Path, settings: Mapping[str, str]) -> None:
        super().__init__(directory, settings)
        self._image = image

    def command(self) -> list[str]:
        return [str(self._image.bin / "ska-sdp-lmc"), "sim"]

    def environment(self) -> dict[str, str]:
        return self._image.environment(**self.settings)


class PageOfImage(Part):
    def __init__(self, image: Image, directory: Path, settings: Mapping[str, str]) -> None:
        super().__init__("web", directory / "web.log")
        self.port = free_port()
        self._image = image
        self._settings = settings

    def command(self) -> list[str]:
        return [str(self._image.bin / "ska-sdp-lmc"), "web", f"--port={self.port}"]

    def environment(self) -> dict[str, str]:
        return self._image.environment(**self._settings)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
            content: bytes = response.read()
        return content

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz") == b"ok\n"
        except OSError:
            return False


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_image_has_only_locked_packages(image: Image) -> None:
    listing = (
        "import json, importlib.metadata as m;"
        "print(json.dumps([d.metadata['Name'] for d in m.distributions()]))"
    )
    done = image.run("python", "-Ic", listing)
    assert done.returncode == 0, done.stderr
    installed = {normal(name) for name in json.loads(done.stdout)}
    locked = {normal(name) for name, _ in pins("requirements/image.lock")}
    assert "ska-sdp-lmc" in installed
    assert image.run("ska-sdp", "--version").stdout == f"ska-sdp, version {VERSION}\n"
    # Some in the lock are for other Pythons only.
    assert installed - {"ska-sdp-lmc"} <= locked
    programs = {program.name for program in image.bin.iterdir()}
    assert {"SDPController", "SDPSubarray", "ska-sdp", "ska-sdp-lmc", "python"} <= programs
    assert not programs & {"pip", "pytest", "mypy", "ruff", "sphinx-build", "hatchling", "etcd"}


@pytest.mark.parametrize(
    "words",
    [
        ["ska-sdp", "-h"],
        ["ska-sdp-lmc", "-h"],
        ["ska-sdp-lmc", "register", "-h"],
        ["ska-sdp-lmc", "sim", "-h"],
        ["ska-sdp-lmc", "web", "-h"],
        ["ska-sdp-lmc", "secure-etcd", "users", "--help"],
    ],
)
def test_programs_print_usage(image: Image, words: list[str]) -> None:
    done = image.run(*words)
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout


def test_default_command_prints_usage(image: Image) -> None:
    done = image.run(*image.last.command("CMD"))
    assert done.returncode == 0, done.stderr
    assert "register" in done.stdout


def test_image_creates_certificates(image: Image, tmp_path: Path) -> None:
    place = str(tmp_path / "certificates")
    done = image.run("ska-sdp-lmc", "secure-etcd", "certificates", place, "--server", "a")
    assert done.stdout.endswith("2 changes\n"), done.stderr


def test_web_page_has_all_its_files(image: Image, tmp_path: Path) -> None:
    source = ROOT / "src/ska_sdp_web/static"
    files = [path for path in source.rglob("*") if path.is_file()]
    assert files
    with Etcd(tmp_path, flags=QUICK) as etcd:
        address = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
        with PageOfImage(image, tmp_path, address) as page:
            for file in files:
                served = page.get(f"/static/{file.relative_to(source)}")
                assert served == file.read_bytes(), file.name


def test_roles_run(image: Image, tango_db: TangoDatabase, tmp_path: Path) -> None:
    controller, subarray = f"{PREFIX}-sdp/control/0", f"{PREFIX}-sdp/subarray/01"
    tango_host = {"TANGO_HOST": tango_db.tango_host}
    registered = image.run(
        "ska-sdp-lmc", "register", "--subarrays", "1", "--prefix", PREFIX, **tango_host
    )
    assert registered.returncode == 0, registered.stderr
    assert subarray in registered.stdout
    with ExitStack() as running:
        etcd = running.enter_context(Etcd(tmp_path, flags=QUICK))
        address = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
        for server, device in (("SDPController/0", controller), ("SDPSubarray/01", subarray)):
            # Both run on this machine, where only one could use the default port.
            settings = address | tango_host | {"SDP_LMC_HEALTH_PORT": "0"}
            running.enter_context(ServerInImage(image, server, [device], tmp_path, settings))
        running.enter_context(SimulatorOfImage(image, tmp_path, address))
        proxies = {
            name: tango.DeviceProxy(f"tango://{tango_db.tango_host}/{name}")
            for name in (controller, subarray)
        }
        for proxy in proxies.values():
            proxy.set_timeout_millis(30_000)
        assert proxies[controller].state() == tango.DevState.STANDBY
        proxies[subarray].On()
        assert proxies[subarray].state() == tango.DevState.ON
        listed = image.run("ska-sdp", "list", "-a", "-o", "name", **address)
        assert listed.returncode == 0, listed.stderr
        assert {
            "/component/lmc-controller/owner",
            "/component/lmc-subarray-01/owner",
            "/component/proccontrol/owner",
            "/component/helmdeploy/owner",
            "/lmc/controller",
            "/lmc/subarray/01",
        } <= set(listed.stdout.split())
        with Config(host=etcd.host, port=etcd.port) as config:
            for txn in config.txn():
                owner = txn.component("lmc-controller").ownership.get()
        assert owner is not None
        assert owner.command[0] == str(image.bin / "SDPController")
    assert not str(image.bin).startswith(str(ROOT))
