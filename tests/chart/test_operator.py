"""DeviceServer resources of the SKA Tango operator, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docs.generate.chart import CHART

from tests.chart.rendering import VALUE_SETS, Manifest, Renderer, container_of, values_of
from tests.support.schemas import check_kubernetes_object, draft_7

TANGO_HOST = "databaseds-tango-base:10000"
VALUES: dict[str, Any] = {
    "global": {"operator": True, "tango_host": TANGO_HOST},
    "lmc": {"prefix": "mid", "nsubarray": 3, "image": "registry.example.org/lmc"},
    "etcd": {"host": "etcd:2379"},
}

VERSION = values_of(CHART / "values.yaml")["lmc"]["version"]
CHART_VERSION = values_of(CHART / "Chart.yaml")["version"]

METADATA = {
    "name": "sdp-ska-sdp-lmc-subarray-02",
    "labels": {
        "component": "sdp-ska-sdp-lmc-subarray-02",
        "function": "sdp-subarray-observation",
        "domain": "subarray",
        "subsystem": "execution-control",
        "sdp-lmc/server": "subarray-02",
        "app.kubernetes.io/name": "ska-sdp-lmc",
        "app.kubernetes.io/instance": "sdp",
        "app.kubernetes.io/component": "device-server",
        "app.kubernetes.io/version": VERSION,
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": f"ska-sdp-lmc-{CHART_VERSION}",
    },
    "annotations": {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": "8080",
    },
}
PROPERTIES = {"TimeoutAssignResources": ["60"], "TimeoutConfigure": ["60"]}
CONFIG = {
    "servers": {
        "SDPSubarray": {"02": {"SDPSubarray": {"mid-sdp/subarray/02": {"properties": PROPERTIES}}}}
    }
}
SPEC: dict[str, Any] = {
    "dsname": "SDPSubarray",
    "args": "02",
    "command": "SDPSubarray",
    "databaseds": "databaseds-tango-base",
    "dependsOn": ["sys/database/2"],
    "clusterDomain": "cluster.local",
    "legacycompatibility": True,
    "image": f"registry.example.org/lmc:{VERSION}",
    "imagePullPolicy": "IfNotPresent",
    "env": [
        {"name": "FEATURE_RESOURCE_MANAGEMENT_TOGGLE", "value": "0"},
        {"name": "SDP_LMC_HEALTH_PORT", "value": "8080"},
        {"name": "SDP_LMC_LOG_LEVEL", "value": "INFO"},
        {"name": "SDP_LMC_LOG_FORMAT", "value": "ska"},
        {"name": "SDP_LMC_PREFIX", "value": ""},
        {"name": "SDP_CONFIG_HOST", "value": "etcd:2379"},
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
"""Every field but `config`, a text."""

OF_PODS = {"volumes", "securityContext", "nodeSelector", "affinity", "tolerations"}
"""Fields of DeviceServer that are those of a pod."""


def server(render: Renderer, name: str, **more: Any) -> Manifest:
    values = {key: dict(part) for key, part in VALUES.items()}
    for key, part in more.items():
        values[key] = values[key] | part if key in values else part
    return render(values).by_name["DeviceServer", f"sdp-ska-sdp-lmc-{name}"]


def test_subarray_has_exactly_the_known_fields(render: Renderer) -> None:
    found = server(render, "subarray-02")
    config = json.loads(found["spec"].pop("config"))
    assert config == CONFIG
    assert found == {
        "apiVersion": "tango.tango-controls.org/v1",
        "kind": "DeviceServer",
        "metadata": METADATA,
        "spec": SPEC,
    }


def test_controller_is_named_by_its_instance(render: Renderer) -> None:
    found = server(render, "controller-0")
    labels = found["metadata"]["labels"]
    assert labels["component"] == found["metadata"]["name"]
    assert (labels["function"], labels["domain"]) == ("sdp-central-control", "sdp-monitoring")
    assert (found["spec"]["dsname"], found["spec"]["args"]) == ("SDPController", "0")
    (device,) = json.loads(found["spec"]["config"])["servers"]["SDPController"]["0"].values()
    assert device == {"mid-sdp/control/0": {"properties": {}}}


def test_properties_of_devices_and_attributes_are_in_the_configuration(render: Renderer) -> None:
    attributes = {"scanID": {"archive_abs_change": ["1"]}}
    subarray = {"properties": {"Strictness": ["2"]}, "attributeProperties": attributes}
    found = server(render, "subarray-02", lmc=VALUES["lmc"] | {"subarray": subarray})
    (devices,) = json.loads(found["spec"]["config"])["servers"]["SDPSubarray"]["02"].values()
    assert devices["mid-sdp/subarray/02"] == {
        "properties": PROPERTIES | {"Strictness": ["2"]},
        "attribute_properties": attributes,
    }


def test_resource_is_the_same_in_both_versions(render: Renderer) -> None:
    first = server(render, "subarray-02")
    second = server(render, "subarray-02", lmc=VALUES["lmc"] | {"operatorApiVersion": "v2"})
    assert second.pop("apiVersion") == "tango.tango-controls.org/v2"
    assert first.pop("apiVersion") == "tango.tango-controls.org/v1"
    assert first == second


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"global": {"tango_host": "[fd00::1]:10000"}}, {"databaseds": "[fd00::1]"}),
    (
        {"global": {"tango_host": ""}},
        {"databaseds": "sdp-ska-sdp-lmc-databaseds.sdp-control.svc.cluster.local"},
    ),
    ({"global": {"cluster_domain": "mid.example"}}, {"clusterDomain": "mid.example"}),
    ({"legacy_compatibility": False}, {"legacycompatibility": False}),
    ({"lmc": {"loadBalancer": True}}, {"enableLoadBalancer": True}),
    ({"global": {"exposeAllDS": True}}, {"enableLoadBalancer": True}),
    ({"lmc": {"imagePullPolicy": "Always"}}, {"imagePullPolicy": "Always"}),
    ({"nodeSelector": {"a": "b"}}, {"nodeSelector": {"a": "b"}}),
    ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}]}),
    ({"affinity": {"podAffinity": {}}}, {"affinity": {"podAffinity": {}}}),
    (
        {"lmc": {"runAsUser": 1000}},
        {"securityContext": SPEC["securityContext"] | {"runAsUser": 1000, "runAsGroup": 1000}},
    ),
]


@pytest.mark.parametrize(("values", "fields"), CHANGES, ids=[str(values) for values, _ in CHANGES])
def test_value_changes_its_field_only(
    render: Renderer, values: dict[str, Any], fields: dict[str, Any]
) -> None:
    found = server(render, "subarray-02", **values)["spec"]
    del found["config"]
    assert found == SPEC | fields


def test_extra_fields_are_written_on_request(render: Renderer) -> None:
    found = server(render, "subarray-02", lmc={"operatorExtraFields": True})["spec"]
    extra = {key: value for key, value in found.items() if key not in {*SPEC, "config"}}
    probe = {"periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3}
    assert extra == {
        "orbport": 45450,
        "heartbeatport": 45451,
        "eventport": 45452,
        "livenessProbe": probe | {"httpGet": {"path": "/livez", "port": 8080}},
        "readinessProbe": probe | {"httpGet": {"path": "/readyz", "port": 8080}},
    }


def test_labels_are_set_by_values(render: Renderer) -> None:
    lmc = {"subsystem": "a", "subarray": {"domain": "b", "function": "c"}}
    labels = server(render, "subarray-01", lmc=VALUES["lmc"] | lmc)["metadata"]["labels"]
    assert labels.items() >= {"subsystem": "a", "domain": "b", "function": "c"}.items()


def test_other_port_of_the_tango_database_is_in_the_notes(render: Renderer) -> None:
    def notes(port: int) -> str:
        host = f"databaseds:{port}"
        texts = render.texts({"global": {"operator": True, "tango_host": host}})
        return texts["ska-sdp-lmc/templates/NOTES.txt"]

    assert "the operator expects 10000" in notes(20000)
    assert "the operator expects 10000" not in notes(10000)


def test_device_servers_match_the_schema_of_the_chart(render: Renderer) -> None:
    schema = json.loads((CHART / "deviceserver.schema.json").read_text())
    validator = draft_7(schema)
    versions = set()
    for path in VALUE_SETS:
        for each in render(values_of(path)).of_kind("DeviceServer"):
            assert list(validator.iter_errors(each)) == []
            versions.add(each["apiVersion"])
            # The other fields match Kubernetes' schema of a container.
            spec = each["spec"]
            container = {key: spec[key] for key in ("env", "resources", "volumeMounts", "image")}
            container |= {key: value for key, value in spec.items() if key.endswith("Probe")}
            pod: Manifest = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p"},
                "spec": {
                    "containers": [{"name": "c", **container}],
                    **{key: value for key, value in spec.items() if key in OF_PODS},
                },
            }
            check_kubernetes_object(pod)
            # Pods and containers both have its fields.
            pod["spec"]["containers"][0]["securityContext"] = spec["securityContext"]
            check_kubernetes_object(pod)
    assert versions == {"tango.tango-controls.org/v1", "tango.tango-controls.org/v2"}


def test_operator_pods_have_certificates_and_probes(render: Renderer) -> None:
    tls = {"enabled": True, "secret": "server", "clientSecret": "client"}
    probes = {"periodSeconds": 7, "timeoutSeconds": 2, "failureThreshold": 5}
    lmc = {"probes": probes, "operatorExtraFields": True}
    values = {"lmc": lmc, "etcd": {"tls": tls}}
    container = container_of(render(values).only("Deployment", "-controller"))
    operated = render(values | {"global": {"operator": True}})
    spec = operated.only("DeviceServer", "-controller")["spec"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert spec[probe] == container[probe] | {"httpGet": spec[probe]["httpGet"]}
        assert spec[probe].items() >= probes.items()
    (secret,) = (each["secret"] for each in spec["volumes"] if "secret" in each)
    # The resource sets no group, so files belong to root, and the image has another user.
    assert secret["defaultMode"] == 0o444
