"""The program of the web page accepts the command lines of the chart, and runs with them."""

from __future__ import annotations

import json
import sysconfig
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_lmc.ops.web import web
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_web.hosts import Hosts
from ska_sdp_web.settings import Settings, read_token
from tests.chart.etcd_cluster import Cluster, Running, create_users
from tests.chart.rendering import VALUE_SETS, Manifest, Renderer, container_of, values_of
from tests.chart.substitution import RenderedPart, write_secret
from tests.support.waiting import wait_until

HOST = "sdp.example.org"
PEERS: dict[str, Any] = {"webClients": [{"podSelector": {}}]}
EVERYTHING: dict[str, Any] = {
    "enabled": True,
    "allowCommands": True,
    "login": {"enabled": True},
    "ingress": {"enabled": True, "host": HOST},
    "allowedHosts": ["sdp", ".control.example.org"],
    "frameAncestors": ["https://portal.example.org", "http://taranta:8080"],
}


def parsed(container: Manifest) -> dict[str, Any]:
    """Return what the program's parser makes of the arguments of a container."""
    command, *arguments = container["args"]
    assert command == "web"
    return web.make_context("web", arguments).params


def test_program_parses_every_value(render: Renderer) -> None:
    lmc = {"prefix": "mid", "databasePrefix": "/mid"}
    objects = render({"web": EVERYTHING, "lmc": lmc, "networkPolicy": PEERS})
    assert parsed(container_of(objects.only("Deployment", "-web"))) == {
        "bind": "0.0.0.0",
        "port": 8080,
        "token_file": Path("/etc/web/token"),
        "allow_commands": True,
        "prefix": "mid",
        "path_prefix": "/mid",
        "allowed_host": (HOST, "sdp", ".control.example.org"),
        "frame_ancestor": ("https://portal.example.org", "http://taranta:8080"),
    }


@pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.name[:-12])
def test_program_accepts_the_value_sets(render: Renderer, path: Path) -> None:
    values = values_of(path).get("web", {})
    deployments = render(values_of(path)).of_kind("Deployment")
    servers = [each for each in deployments if each["metadata"]["name"].endswith("-web")]
    assert bool(servers) is values.get("enabled", False)
    for each in servers:
        options = parsed(container_of(each))
        Settings(
            allow_commands=options["allow_commands"],
            token="t" * 32 if options["token_file"] else None,
            frame_ancestors=options["frame_ancestor"],
        )
        hosts = Hosts(options["allowed_host"])
        for name in values.get("allowedHosts", []):
            assert hosts.allows(name)
        if host := values.get("ingress", {}).get("host"):
            assert hosts.allows(host)
        assert not hosts.allows("other.example.org")


class Page(RenderedPart):
    """The server of the page; ready when its readiness probe passes."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        container = container_of(cluster.objects.only("Deployment", "-web"))
        self.port = free_port()
        here = {
            "--port=8080": f"--port={self.port}",
            "--bind=0.0.0.0": "--bind=127.0.0.1",
            "/etc/web/": f"{directory / 'web'}/",
        }
        program = Path(sysconfig.get_path("scripts")) / "ska-sdp-lmc"
        super().__init__("web", directory, container, cluster.place_with(here), str(program))
        self._container = container
        write_secret(cluster.objects.only("Secret", "-web"), directory / "web", ["token"])
        self.token, _ = read_token(directory / "web/token")

    @contextmanager
    def request(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> Iterator[HTTPResponse]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, names)
            yield connection.getresponse()
        finally:
            connection.close()

    def passes(self, probe: str) -> bool:
        """Return whether a probe passes, whose header Host is the address of the pod."""
        path = self._container[probe]["httpGet"]["path"]
        try:
            with self.request("GET", path, Host="10.0.0.5:8080") as response:
                return response.status == 200
        except OSError:
            return False

    def is_ready(self) -> bool:
        return self.passes("readinessProbe")

    def status(self, path: str, host: str) -> int:
        with self.request("GET", path, Host=host) as response:
            return response.status

    def log_in(self) -> str:
        """Log in as a browser behind the Ingress does; return the cookie with its attributes."""
        with self.request(
            "POST",
            "/login",
            urllib.parse.urlencode({"token": self.token}),
            Host=HOST,
            Origin=f"https://{HOST}",
            X_Forwarded_Proto="https",
            Content_Type="application/x-www-form-urlencoded",
        ) as response:
            assert response.status == 303, response.read()
            return response.headers["Set-Cookie"]


def test_page_runs_behind_an_ingress(running: Running, tmp_path: Path) -> None:
    cluster = running({"web": EVERYTHING, "networkPolicy": PEERS})
    with Page(cluster, tmp_path) as page:
        assert page.passes("startupProbe")
        assert page.passes("livenessProbe")
        assert page.status("/login", HOST) == 200
        assert page.status("/login", "rebound.example.com") == 403
        assert page.status("/events?topic=overview", HOST) == 401
        cookie = page.log_in()
        assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        session, _, _ = cookie.partition(";")
        stream = page.request("GET", "/events?topic=overview", Host=HOST, Cookie=session)
        with stream as response:
            # A controller that buffers would hold back the messages.
            assert response.headers["X-Accel-Buffering"] == "no"
            assert response.readline() == b"event: hello\n"
            hello = json.loads(response.readline().removeprefix(b"data: "))
        assert hello["commands_allowed"] is True
        policy = response.headers["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors https://portal.example.org http://taranta:8080")


@pytest.mark.long
def test_page_reads_a_secured_etcd(running: Running, tmp_path: Path) -> None:
    tls = {"enabled": True, "secret": "s", "clientSecret": "c"}
    etcd = {"tls": tls, "auth": {"enabled": True}}
    cluster = running({"web": EVERYTHING, "networkPolicy": PEERS, "etcd": etcd})
    create_users(cluster, cluster.objects, tmp_path / "users")
    with Page(cluster, tmp_path) as page:
        assert page.passes("readinessProbe")
        # Without the database it is alive, so that it is not restarted, but not ready.
        cluster.stop()
        wait_until(lambda: not page.passes("readinessProbe"))
        assert page.passes("livenessProbe")
