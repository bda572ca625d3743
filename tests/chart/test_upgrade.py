"""An upgrade changes only the objects that depend on the changed values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chart.rendering import Manifest, Objects, Renderer

SECURED = {
    "replicas": 3,
    "tls": {"enabled": True, "secret": "server"},
    "auth": {"enabled": True, "existingSecret": "users"},
}
NAME = "sdp-ska-sdp-lmc"
SERVERS = {
    f"{kind} subarray-{number}" for kind in ("Deployment", "Service") for number in ("02", "03")
}
"""Objects of two more subarrays."""


def changes(before: Objects, after: Objects) -> tuple[set[str], set[str], set[str]]:
    """Return kind and name, without digests, of added, changed and removed objects."""
    old, new = before.by_name, after.by_name
    added = [key for key in new if key not in old]
    removed = [key for key in old if key not in new]
    changed = [key for key in new if key in old and old[key] != new[key]]
    return (
        set(map(_short_name, added)),
        set(map(_short_name, changed)),
        set(map(_short_name, removed)),
    )


def _short_name(key: tuple[str, str]) -> str:
    kind, name = key
    short = name.removeprefix(f"{NAME}-")
    stem, _, digest = short.rpartition("-")
    return (
        f"{kind} {stem}" if stem.endswith(("register", "users")) and digest else f"{kind} {short}"
    )


def values(subarrays: int, etcd: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    # Without a cluster, each rendering would generate new passwords.
    return {
        "lmc": {"nsubarray": subarrays},
        "etcd": etcd or {},
        "tangodb": {"existingSecret": "tangodb"},
        "simulator": {"enabled": True},
        "web": {"enabled": True},
        **more,
    }


def test_same_values_render_the_same(render: Renderer) -> None:
    before, after = render(values(3, SECURED)), render(values(3, SECURED))
    assert changes(before, after) == (set(), set(), set())


@pytest.mark.parametrize(
    ("more", "added", "replaced"),
    [
        ({}, SERVERS, {"ConfigMap register", "Job register"}),
        ({"etcd": SECURED}, SERVERS, {"ConfigMap register", "Job register", "Job etcd-users"}),
        (
            {"global": {"operator": True}},
            {"DeviceServer subarray-02", "DeviceServer subarray-03"},
            set(),
        ),
    ],
    ids=["plain", "users", "operator"],
)
def test_more_subarrays_add_only_their_objects(
    render: Renderer, more: dict[str, Any], added: set[str], replaced: set[str]
) -> None:
    before, after = render(values(1, **more)), render(values(3, **more))
    # A job is immutable, so other data create another job.
    assert changes(before, after) == (added | replaced, set(), replaced)


def test_more_subarrays_add_generated_passwords(render: Renderer) -> None:
    own = {"auth": {"enabled": True}}
    before, after = render(values(1, own)), render(values(3, own))
    _, changed, _ = changes(before, after)
    assert changed == {"Secret etcd-users"}
    old = before.only("Secret", "etcd-users")["data"]
    new = after.only("Secret", "etcd-users")["data"]
    assert set(new) - set(old) == {"lmc-subarray-02", "lmc-subarray-03"}


def templates(objects: Objects) -> dict[str, Manifest]:
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in objects
        if each["kind"] in ("Deployment", "StatefulSet")
    }


def test_new_version_restarts_only_pods_of_its_image(render: Renderer) -> None:
    before = templates(render(values(2, SECURED)))
    newer = values(2, SECURED)
    newer["lmc"]["version"] = "0.2.0"
    after = templates(render(newer))
    restarted = {name.removeprefix(f"{NAME}-") for name in before if before[name] != after[name]}
    assert restarted == {"controller", "subarray-01", "subarray-02", "console", "simulator", "web"}


@pytest.mark.parametrize(
    "more",
    [
        {"timeoutConfigure": 90},
        {"properties": {"Strictness": ["2"]}},
        {"attributeProperties": {"scanID": {"archive_abs_change": ["1"]}}},
    ],
    ids=["timeout", "property", "attribute"],
)
def test_new_property_is_registered(render: Renderer, more: dict[str, Any]) -> None:
    changed = values(2)
    changed["lmc"]["subarray"] = more
    before, after = render(values(2)), render(changed)
    assert changes(before, after) == (
        {"ConfigMap register", "Job register"},
        set(),
        {"ConfigMap register", "Job register"},
    )


def test_empty_list_removes_a_property(render: Renderer) -> None:
    changed = values(1)
    changed["lmc"]["subarray"] = {"properties": {"Strictness": []}}
    data = render(changed).only("ConfigMap", "-register")["data"]["devices.json"]
    (device,) = json.loads(data)["servers"]["SDPSubarray"]["01"]["SDPSubarray"].values()
    assert device["properties"]["Strictness"] == []
