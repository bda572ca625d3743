"""Names are valid in Kubernetes for a release of any length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import helm_python
import pytest

from tests.chart.rendering import Renderer
from tests.support.schemas import check_kubernetes_object

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LONGEST_RELEASE = 53
LONGEST = 63
LONGEST_OF_KIND = {"CronJob": 52}
"""A CronJob appends the time to its name for the name of a Job."""

VALUES: dict[str, Any] = {
    "etcd": {"replicas": 3, "auth": {"enabled": True}},
    "simulator": {"enabled": True},
    "backup": {"enabled": True},
    "web": {
        "enabled": True,
        "login": {"enabled": True},
        "ingress": {"enabled": True, "host": "sdp.example.org"},
    },
    "networkPolicy": {"webClients": [{"podSelector": {}}]},
    "monitoring": {
        "podMonitors": {"enabled": True, "operatorPodLabels": {"a": "b"}},
        "alarms": {"enabled": True},
        "dashboards": {"enabled": True, "namespace": "12", "labelValue": "1"},
    },
}


@pytest.mark.parametrize("operator", [False, True], ids=["plain", "operator"])
def test_names_of_a_long_release_are_valid(render: Renderer, operator: bool) -> None:
    release = f"{'a' * (LONGEST_RELEASE - 2)}-b"
    objects = render(VALUES | {"global": {"operator": operator}}, release)
    assert {"CronJob", "PodMonitor"} <= {each["kind"] for each in objects}
    for each in objects:
        name = each["metadata"]["name"]
        assert NAME.fullmatch(name)
        assert len(name) <= LONGEST_OF_KIND.get(each["kind"], LONGEST), name
        for value in each["metadata"]["labels"].values():
            assert len(value) <= LONGEST


@pytest.mark.parametrize(
    ("values", "release"),
    [
        ({"fullnameOverride": "1sdp"}, "sdp"),
        ({}, "123"),
        ({}, "sdp.mid"),
    ],
    ids=str,
)
def test_name_that_kubernetes_rejects_is_rejected(
    render: Renderer, values: dict[str, Any], release: str
) -> None:
    """A Service's name starts with a letter and has no dot."""
    with pytest.raises(helm_python.HelmError, match=r"Kubernetes rejects objects named '.*fulln"):
        render(values, release)


def test_version_longer_than_a_label_is_truncated(render: Renderer) -> None:
    version = f"0.1.0-{'a' * 56}.{'b' * 40}"
    label = render({"lmc": {"version": version}}).only("StatefulSet", "-etcd")["metadata"]
    assert label["labels"]["app.kubernetes.io/version"] == version[:62]


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of an object whose fields are names."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _texts(below, f"{path}/{name}")
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below, path)
    else:
        yield path, value


NUMERIC: dict[str, Any] = {
    "processingNamespace": "1234",
    "priorityClassName": "100",
    "lmc": {"imagePullSecrets": ["12"], "version": "1.0", "prefix": "1e3", "databasePrefix": "/1"},
    "etcd": {
        "version": "v3.5.30",
        "persistence": {"storageClass": "1"},
        "tls": {"enabled": True, "secret": "13", "clientSecret": "14"},
        "auth": {"enabled": True, "existingSecret": "15"},
    },
    "tangodb": {"existingSecret": "16", "persistence": {"storageClass": "2"}},
    "simulator": {"enabled": True},
    "backup": {"enabled": True},
    "web": {
        "enabled": True,
        "login": {"enabled": True, "existingSecret": "18"},
        "ingress": {
            "enabled": True,
            "host": "1.2",
            "className": "3",
            "annotations": {"a": "4"},
            "tls": {"secret": "19"},
        },
    },
    "networkPolicy": {"webClients": [{"podSelector": {}}]},
}


@pytest.mark.parametrize(
    "backup",
    [{"existingClaim": "17"}, {"persistence": {"storageClass": "3"}}],
    ids=["existing claim", "own claim"],
)
def test_names_of_digits_are_texts(render: Renderer, backup: dict[str, Any]) -> None:
    objects = render(NUMERIC | {"backup": {"enabled": True} | backup})
    for each in objects:
        check_kubernetes_object(each)


def test_names_of_digits_are_texts_for_the_operator(render: Renderer) -> None:
    objects = render(NUMERIC | {"global": {"operator": True, "cluster_domain": "12"}})
    for each in objects.of_kind("DeviceServer"):
        for path, value in _texts(each):
            if path.lower().endswith(("name", "domain", "value", "args", "image")):
                assert isinstance(value, str), path
