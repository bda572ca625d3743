"""An upgrade takes objects of the cluster into account: members of etcd, and passwords."""

from __future__ import annotations

import base64
from typing import Any

import helm_python
import pytest

from tests.chart.kubernetes_api import kubernetes_api
from tests.chart.rendering import NAMESPACE, Manifest, Renderer

USERS = "sdp-ska-sdp-lmc-etcd-users"
TANGODB = "sdp-ska-sdp-lmc-tangodb"


def secret(name: str, version: str, data: dict[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE, "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_upgrade_keeps_passwords_and_generates_missing_ones(render: Renderer) -> None:
    existing = {
        USERS: {"root": encoded("root's"), "lmc-subarray-01": encoded("the first's")},
        TANGODB: {"password": encoded("tango's"), "root-password": encoded("another")},
    }
    values = {"etcd": {"auth": {"enabled": True}}, "lmc": {"nsubarray": 2}}
    with kubernetes_api(*(secret(name, "1", data) for name, data in existing.items())) as api:
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


def test_changed_secret_of_the_site_starts_a_new_job(render: Renderer) -> None:
    values = {"etcd": {"auth": {"enabled": True, "existingSecret": "users"}}}

    def name(version: str) -> str:
        with kubernetes_api(secret("users", version, {})) as api:
            objects = render.render_for(api, values)
        return str(objects.only("Job", "-etcd-users")["metadata"]["name"])

    assert name("1") == name("1")
    assert name("1") != name("2")


def members(number: int) -> dict[str, Any]:
    return {"etcd": {"replicas": number}}


@pytest.mark.parametrize(("current", "wanted"), [(1, 3), (3, 1)])
def test_change_of_members_is_rejected(render: Renderer, current: int, wanted: int) -> None:
    """Each member would become a separate database."""
    existing = render(members(current)).only("StatefulSet", "-etcd")
    with kubernetes_api(existing) as api:
        with pytest.raises(helm_python.HelmError) as rejected:
            render.render_for(api, members(wanted))
        # The values are valid for an external etcd.
        elsewhere = render.render_for(api, {"etcd": {"host": "etcd", "replicas": wanted}})
    assert f"etcd.replicas is {wanted}, but " in str(rejected.value)
    assert f"the running etcd has {current} members" in str(rejected.value)
    assert "docs/operations/replace-etcd.md" in str(rejected.value)
    assert ("StatefulSet", existing["metadata"]["name"]) not in elsewhere.by_name


def test_same_members_are_accepted_during_a_restore(render: Renderer) -> None:
    existing = render(members(3)).only("StatefulSet", "-etcd")
    existing["spec"]["replicas"] = 0
    with kubernetes_api(existing) as api:
        found = render.render_for(api, members(3)).only("StatefulSet", "-etcd")
    assert found["spec"]["replicas"] == 3


def test_any_members_are_accepted_without_an_etcd(render: Renderer) -> None:
    with kubernetes_api() as api:
        for number in (1, 3):
            found = render.render_for(api, members(number)).only("StatefulSet", "-etcd")
            assert found["spec"]["replicas"] == number
