"""Values that apply to all pods: environment, labels, annotations, images and nodes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.chart.rendering import Manifest, Objects, Renderer, container_of, containers, pod_specs

DIGEST = f"sha256:{'5a' * 32}"
EVERYTHING: dict[str, Any] = {
    "etcd": {"auth": {"enabled": True, "existingSecret": "users"}},
    "tangodb": {"existingSecret": "tangodb"},
    "simulator": {"enabled": True},
    "web": {"enabled": True, "login": {"enabled": True, "existingSecret": "web"}},
    "backup": {"enabled": True},
}
"""Values with a pod of every kind."""

COMPONENTS = {
    "device-server",
    "registration",
    "etcd",
    "etcd-backup",
    "etcd-defragmentation",
    "etcd-users",
    "mariadb",
    "databaseds",
    "console",
    "simulator",
    "web",
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "operator"])
def operator(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def everything(operator: bool, **values: Any) -> dict[str, Any]:
    own = dict(EVERYTHING)
    given = values.pop("global_", {})
    return own | values | {"global": {"operator": operator} | given}


def environments(objects: Objects) -> list[list[Manifest]]:
    """Return the variables of each container, and of each resource of the operator."""
    found = [container.get("env", []) for container in containers(objects)]
    return found + [each["spec"]["env"] for each in objects.of_kind("DeviceServer")]


def own_environments(objects: Objects) -> list[list[Manifest]]:
    """Return the variables of each container with the image of this software."""
    found = [each for each in containers(objects) if "/sdp-lmc:" in each["image"]]
    found += [each["spec"] for each in objects.of_kind("DeviceServer")]
    return [each["env"] for each in found]


def pod_metadata(objects: Objects) -> list[Manifest]:
    found = []
    for each, _ in pod_specs(objects):
        spec = each["spec"].get("jobTemplate", each)["spec"]
        found.append(spec["template"]["metadata"])
    return found


def test_values_have_a_pod_of_every_kind(render: Renderer) -> None:
    labels = [each["labels"] for each in pod_metadata(render(everything(False)))]
    assert {each["app.kubernetes.io/component"] for each in labels} >= COMPONENTS


def test_variables_are_in_every_container(render: Renderer, operator: bool) -> None:
    variables = [
        {"name": "TZ", "value": "UTC"},
        {"name": "LEVEL", "value": 3},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    found = environments(render(everything(operator, env=variables)))
    assert len(found) >= len(COMPONENTS)
    for environment in found:
        assert {"name": "TZ", "value": "UTC"} in environment
        assert {"name": "LEVEL", "value": "3"} in environment
        assert variables[2] in environment


def test_variable_of_the_site_replaces_that_of_the_chart(render: Renderer, operator: bool) -> None:
    shared = [{"name": "SDP_LMC_LOG_LEVEL", "value": "WARNING"}, {"name": "A", "value": "global"}]
    own = [{"name": "SDP_LMC_LOG_LEVEL", "value": "DEBUG"}]
    values = everything(operator, env=own, global_={"environment_variables": shared})
    for environment in environments(render(values)):
        names = [variable["name"] for variable in environment]
        assert len(set(names)) == len(names)
        assert own[0] in environment
        assert shared[1] in environment


def test_variables_of_the_site_do_not_change_arguments(render: Renderer) -> None:
    """Kubernetes and shells replace references to variables in arguments."""
    objects = render(everything(False))
    for container in containers(objects):
        text = " ".join([*container.get("command", []), *container.get("args", [])])
        own = {each["name"] for each in container.get("env", [])}
        used = set(re.findall(r"\$[({]?([A-Za-z_][A-Za-z0-9_]*)", text)) & own
        assert all(name.startswith("SDP_") for name in used), container["name"]


@pytest.mark.parametrize(("value", "text"), [(True, "1"), (False, "0")])
def test_resource_management_sets_the_flag(
    render: Renderer, operator: bool, value: bool, text: str
) -> None:
    values = everything(
        operator,
        lmc={"image": "registry.example.org/sdp-lmc"},
        **{"feature-flags": {"resourceManagement": value}},
    )
    found = own_environments(render(values))
    assert len(found) > 4
    for environment in found:
        assert {"name": "FEATURE_RESOURCE_MANAGEMENT_TOGGLE", "value": text} in environment


def test_global_labels_and_annotations_are_on_every_object(
    render: Renderer, operator: bool
) -> None:
    values = everything(
        operator,
        podAnnotations={"linkerd.io/inject": "disabled"},
        global_={"labels": {"team": "sdp", "cost": 12}, "annotations": {"owner": "sdp@site"}},
    )
    objects = render(values)
    for each in objects:
        assert each["metadata"]["labels"].items() >= {"team": "sdp", "cost": "12"}.items()
        assert each["metadata"]["annotations"]["owner"] == "sdp@site"
    pods = pod_metadata(objects) + [each["metadata"] for each in objects.of_kind("DeviceServer")]
    for metadata in pods:
        assert metadata["labels"]["team"] == "sdp"
        assert (
            metadata["annotations"].items()
            >= {
                "owner": "sdp@site",
                "linkerd.io/inject": "disabled",
            }.items()
        )


def test_labels_of_the_values_do_not_replace_those_of_selectors(render: Renderer) -> None:
    labels = {"app.kubernetes.io/component": "other", "app.kubernetes.io/name": "other"}
    objects = render(everything(False, global_={"labels": labels}))
    assert objects.only("Deployment", "-console")["spec"]["template"]["metadata"]["labels"] == {
        "app.kubernetes.io/component": "console",
        "app.kubernetes.io/instance": "sdp",
        "app.kubernetes.io/name": "ska-sdp-lmc",
    }


def test_scheduling_applies_to_every_pod(render: Renderer, operator: bool) -> None:
    scheduling: dict[str, Any] = {
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "sdp", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}},
    }
    objects = render(everything(operator, priorityClassName="high", **scheduling))
    for _, spec in pod_specs(objects):
        assert spec.items() >= (scheduling | {"priorityClassName": "high"}).items()
    for each in objects.of_kind("DeviceServer"):
        assert each["spec"].items() >= scheduling.items()
    for _, spec in pod_specs(render(everything(operator))):
        assert not {*scheduling, "priorityClassName"} & set(spec)


def test_images_are_referenced_by_digest(render: Renderer, operator: bool) -> None:
    values = everything(operator, lmc={"image": "registry.example.org:5000/lmc", "digest": DIGEST})
    values["etcd"] = values["etcd"] | {"digest": DIGEST}
    parts = {"databaseds": {"digest": DIGEST}, "mariadb": {"digest": DIGEST}}
    values["tangodb"] = values["tangodb"] | parts
    objects = render(values)
    images = {each["image"] for each in containers(objects)}
    images |= {each["spec"]["image"] for each in objects.of_kind("DeviceServer")}
    assert images == {
        f"{name}@{DIGEST}"
        for name in (
            "registry.example.org:5000/lmc",
            "gcr.io/etcd-development/etcd",
            "ska-sdp-lmc-tango-db",
            "mariadb",
        )
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"env": [{"name": "A", "value": "b"}]},
        {"podAnnotations": {"a": "b"}},
        {"global_": {"labels": {"a": "b"}}},
        {"priorityClassName": "high"},
        {"affinity": {"podAffinity": {}}},
        {"feature-flags": {"resourceManagement": True}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_changed_pod_of_a_job_is_another_job(render: Renderer, changed: dict[str, Any]) -> None:
    """Kubernetes rejects a change of an existing Job."""

    def jobs(objects: Objects) -> set[str]:
        return {each["metadata"]["name"] for each in objects.of_kind("Job")}

    before, after = jobs(render(everything(False))), jobs(render(everything(False, **changed)))
    assert len(before) == len(after) == 2
    assert not before & after


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "sdp-ska-sdp-lmc"),
        ({"nameOverride": "lmc"}, "sdp-lmc"),
        ({"nameOverride": "sdp"}, "sdp"),
        ({"fullnameOverride": "mid-lmc"}, "mid-lmc"),
        ({"nameOverride": "a", "fullnameOverride": "b"}, "b"),
    ],
    ids=str,
)
def test_names_are_overridden(render: Renderer, values: dict[str, str], name: str) -> None:
    objects = render(values)
    names = {each["metadata"]["name"] for each in objects}
    assert all(each.startswith(f"{name}-") for each in names)
    console = objects.only("Deployment", "-console")
    labels = console["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == values.get("nameOverride", "ska-sdp-lmc")
    variables = container_of(console)["env"]
    (host,) = (each["value"] for each in variables if each["name"] == "SDP_CONFIG_HOST")
    assert host.startswith(f"{name}-etcd-0.{name}-etcd-members.")


def test_etcd_has_log_level_and_pull_policy(render: Renderer) -> None:
    for level in ("info", "debug"):
        values = {"etcd": {"logLevel": level, "imagePullPolicy": "Always"}}
        objects = render(values if level != "info" else {})
        member = container_of(objects.only("StatefulSet", "-etcd"))
        assert f"--log-level={level}" in member["args"]
        defragmentation = container_of(objects.only("CronJob", "-defrag"))
        policy = "Always" if level != "info" else "IfNotPresent"
        assert member["imagePullPolicy"] == defragmentation["imagePullPolicy"] == policy


@pytest.mark.parametrize("name", ["storageClass", "storageClassName"])
def test_storage_class_of_etcd_has_two_names(render: Renderer, name: str) -> None:
    member = render({"etcd": {"persistence": {name: "fast"}}}).only("StatefulSet", "-etcd")
    (claim,) = member["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
