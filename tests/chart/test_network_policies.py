"""Network policies admit the processing namespace, and the peers of the values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.rendering import Manifest, Objects, Renderer

OWN_PODS = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "sdp"}}}
TMC = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tmc"}}}


def namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def peers(objects: Objects, policy: str, port: str) -> list[Manifest] | None:
    """Return the peers with access to a port; None if access is not restricted."""
    rules = objects.only("NetworkPolicy", policy)["spec"]["ingress"]
    (rule,) = (each for each in rules if {"port": port} in each["ports"])
    found: list[Manifest] | None = rule.get("from")
    return found


@pytest.mark.parametrize(
    ("values", "admitted"),
    [
        ({}, [namespace("sdp")]),
        ({"processingNamespace": "sdp-processing"}, [namespace("sdp-processing")]),
        ({"processingNamespace": ""}, []),
        ({"global": {"sdp": {"processingNamespace": "dynamic"}}}, [namespace("dynamic")]),
        ({"global": {"sdp": "text"}, "processingNamespace": "a"}, [namespace("a")]),
    ],
    ids=["default", "other", "none", "global", "other-global"],
)
def test_processing_namespace_has_access_to_etcd(
    render: Renderer, values: dict[str, Any], admitted: list[Manifest]
) -> None:
    closed: dict[str, Any] = {"networkPolicy": {"etcdClients": []}}
    assert peers(render(values | closed), "-etcd", "client") == [OWN_PODS, *admitted]
    more = {"networkPolicy": {"etcdClients": [TMC]}}
    assert peers(render(values | more), "-etcd", "client") == [OWN_PODS, *admitted, TMC]


def test_members_of_etcd_have_access_to_each_other_only(render: Renderer) -> None:
    (peer,) = peers(render({}), "-etcd", "peer") or []
    component = peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
    assert component == "etcd"


def test_access_to_devices_is_restricted_on_request(render: Renderer) -> None:
    objects = render({"networkPolicy": {"tangoClients": [TMC]}})
    for policy in ("-device-servers", "-databaseds"):
        assert peers(objects, policy, "orb") == [OWN_PODS, TMC]
        assert peers(render({}), policy, "orb") is None
