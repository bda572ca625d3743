"""The part of Kubernetes' API that Helm uses when a template looks up an object."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.chart.rendering import NAMESPACE, Manifest

# Path of the API and plural name, by kind.
_KINDS = {"Secret": ("/api/v1", "secrets"), "StatefulSet": ("/apis/apps/v1", "statefulsets")}
_APPS = {"groupVersion": "apps/v1", "version": "v1"}
_MISSING = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}


@contextmanager
def kubernetes_api(*objects: Manifest) -> Iterator[str]:
    """Serve the API of a cluster with these objects in the namespace; yield its address."""
    responses: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [{"name": "apps", "versions": [_APPS], "preferredVersion": _APPS}],
        },
    }
    for kind, (api, name) in _KINDS.items():
        resource = {"name": name, "kind": kind, "namespaced": True, "singularName": kind.lower()}
        responses[api] = {
            "kind": "APIResourceList",
            "groupVersion": api.split("/", 2)[2],
            "resources": [{**resource, "verbs": ["get", "list"]}],
        }
    for each in objects:
        api, name = _KINDS[each["kind"]]
        path = f"{api}/namespaces/{NAMESPACE}/{name}/{each['metadata']['name']}"
        responses[path] = each

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = responses.get(self.path.partition("?")[0])
            text = json.dumps(_MISSING | {"code": 404} if found is None else found).encode()
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
