"""An upgrade keeps the passwords that the cluster has."""

from __future__ import annotations

import base64

from tests.chart.kubernetes_api import answering_for
from tests.chart.rendering import NAMESPACE, Manifest, Renderer

USERS = "sdp-ska-sdp-lmc-etcd-users"
TANGODB = "sdp-ska-sdp-lmc-tangodb"


def secret(name: str, data: dict[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_an_upgrade_keeps_them_and_makes_those_that_are_missing(render: Renderer) -> None:
    held = {
        USERS: {"root": encoded("root's"), "lmc-subarray-01": encoded("the first's")},
        TANGODB: {"password": encoded("tango's"), "root-password": encoded("another")},
    }
    values = {"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 2}}
    with answering_for(*(secret(name, data) for name, data in held.items())) as api:
        objects = render.looking_into(api, values)
    assert objects.only("Secret", "-tangodb")["data"] == held[TANGODB]
    users = objects.only("Secret", "-etcd-users")["data"]
    assert users.items() >= held[USERS].items()
    assert len(base64.b64decode(users["lmc-subarray-02"])) == 32


def test_an_install_finds_none_and_makes_all(render: Renderer) -> None:
    with answering_for() as api:
        first = render.looking_into(api, {}).only("Secret", "-tangodb")["data"]
        second = render.looking_into(api, {}).only("Secret", "-tangodb")["data"]
    assert set(first) == {"password", "root-password"}
    assert not set(first.values()) & set(second.values())
