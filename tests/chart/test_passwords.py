"""An upgrade keeps the passwords of the cluster."""

from __future__ import annotations

import base64

from tests.chart.kubernetes_api import kubernetes_api
from tests.chart.rendering import NAMESPACE, Manifest, Renderer

USERS = "sdp-ska-sdp-lmc-etcd-users"
TANGODB = "sdp-ska-sdp-lmc-tangodb"


def secret(name: str, data: dict[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_upgrade_keeps_passwords_and_generates_missing_ones(render: Renderer) -> None:
    existing = {
        USERS: {"root": encoded("root's"), "lmc-subarray-01": encoded("the first's")},
        TANGODB: {"password": encoded("tango's"), "root-password": encoded("another")},
    }
    values = {"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 2}}
    with kubernetes_api(*(secret(name, data) for name, data in existing.items())) as api:
        objects = render.render_for(api, values)
    assert objects.only("Secret", "-tangodb")["data"] == existing[TANGODB]
    users = objects.only("Secret", "-etcd-users")["data"]
    assert users.items() >= existing[USERS].items()
    assert len(base64.b64decode(users["lmc-subarray-02"])) == 32


def test_install_generates_all_passwords(render: Renderer) -> None:
    with kubernetes_api() as api:
        first = render.render_for(api, {}).only("Secret", "-tangodb")["data"]
        second = render.render_for(api, {}).only("Secret", "-tangodb")["data"]
    assert set(first) == {"password", "root-password"}
    assert not set(first.values()) & set(second.values())
