"""An upgrade keeps the passwords that the cluster has."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.chart.rendering import NAMESPACE, Renderer

USERS = "sdp-ska-sdp-lmc-etcd-users"
TANGODB = "sdp-ska-sdp-lmc-tangodb"


@contextmanager
def answering_for(secrets: dict[str, dict[str, str]]) -> Iterator[str]:
    """What of Kubernetes' API Helm asks when a template looks a Secret up: where it is, and it."""
    resource = {"name": "secrets", "kind": "Secret", "namespaced": True, "singularName": "secret"}
    answers: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {
            "kind": "APIResourceList",
            "groupVersion": "v1",
            "resources": [{**resource, "verbs": ["get", "list"]}],
        },
    }
    for name, data in secrets.items():
        answers[f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}"] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "data": data,
        }
    missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            text = json.dumps(missing | {"code": 404} if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_an_upgrade_keeps_them_and_makes_those_that_are_missing(render: Renderer) -> None:
    held = {
        USERS: {"root": encoded("root's"), "lmc-subarray-01": encoded("the first's")},
        TANGODB: {"password": encoded("tango's"), "root-password": encoded("another")},
    }
    values = {"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 2}}
    with answering_for(held) as api:
        objects = render.looking_into(api, values)
    assert objects.only("Secret", "-tangodb")["data"] == held[TANGODB]
    users = objects.only("Secret", "-etcd-users")["data"]
    assert users.items() >= held[USERS].items()
    assert len(base64.b64decode(users["lmc-subarray-02"])) == 32


def test_an_install_finds_none_and_makes_all(render: Renderer) -> None:
    with answering_for({}) as api:
        first = render.looking_into(api, {}).only("Secret", "-tangodb")["data"]
        second = render.looking_into(api, {}).only("Secret", "-tangodb")["data"]
    assert set(first) == {"password", "root-password"}
    assert not set(first.values()) & set(second.values())
