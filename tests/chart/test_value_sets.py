"""Sets of values match Kubernetes' schemas and the models of the program."""

from __future__ import annotations

import json
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from docs.generate.chart import CHART

from ska_sdp_config.drivers.etcd.settings import Settings as DatabaseSettings
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.ops.tango_db.data import DeviceData, expand, read
from ska_sdp_lmc.runtime import settings
from tests.chart.rendering import (
    VALUE_SETS,
    Manifest,
    Objects,
    Renderer,
    container_of,
    containers,
    pod_specs,
    values_of,
)
from tests.devices.device_settings import load_settings
from tests.support.certificates import Authority
from tests.support.schemas import check_kubernetes_object

ROOT = CHART.parents[1]


def test_helm_lints_the_chart_without_warning(render: Renderer) -> None:
    assert len(VALUE_SETS) >= 12
    assert render.lint() == []


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("1.27", marks=pytest.mark.long),
        "1.31",
        pytest.param("1.37", marks=pytest.mark.long),
    ],
)
def test_objects_match_the_schemas_of_kubernetes(objects: Objects, version: str) -> None:
    # test_monitoring.py checks the resources of the Prometheus operator.
    defined = {"DeviceServer", "PodMonitor", "PrometheusRule"}
    standard = [each for each in objects if each["kind"] not in defined]
    assert standard
    for each in standard:
        check_kubernetes_object(each, version)


def variables(container: Manifest) -> dict[str, str]:
    """Return the variables of a container; values from other objects are replaced by a word."""
    return {each["name"]: each.get("value", "from-elsewhere") for each in container["env"]}


def device_servers(objects: Objects) -> list[tuple[str, Manifest]]:
    """Return program and instance, and the object with the variables, of each device server."""
    found = []
    for each in objects.of_kind("Deployment"):
        if each["metadata"]["labels"]["app.kubernetes.io/component"] == "device-server":
            container = container_of(each)
            found.append((f"{container['command'][0]}/{container['args'][0]}", container))
    for each in objects.of_kind("DeviceServer"):
        spec = each["spec"]
        found.append((f"{spec['dsname']}/{spec['args']}", spec))
    return found


def device_data(objects: Objects) -> DeviceData:
    """Return the registration data of the job, or of the operator's resources."""
    maps = [each["data"] for each in objects.of_kind("ConfigMap")]
    texts = [data["devices.json"] for data in maps if "devices.json" in data]
    texts += [each["spec"]["config"] for each in objects.of_kind("DeviceServer")]
    servers: dict[str, dict[str, Any]] = {}
    for text in texts:
        for server, instances in json.loads(text)["servers"].items():
            servers.setdefault(server, {}).update(instances)
    return DeviceData.model_validate({"servers": servers})


def test_settings_are_accepted_by_the_devices(objects: Objects) -> None:
    known = {
        settings.ENVIRONMENT_PREFIX + field.upper() for field in settings.Settings.model_fields
    }
    data = {each.server: each for each in device_data(objects).devices()}
    servers = device_servers(objects)
    assert servers
    for server, container in servers:
        environ = variables(container)
        own = {name for name in environ if name.startswith(settings.ENVIRONMENT_PREFIX)}
        assert "SDP_LMC_HEALTH_PORT" in own
        assert own <= known
        given = data[server].properties
        assert set(given) <= set(settings.PROPERTIES)
        # Tango returns a property with one text as that text.
        values = {name: v[0] if len(v) == 1 else v for name, v in given.items()}
        load_settings(values, environ)


def test_devices_match_the_values(objects: Objects, request: Any) -> None:
    lmc = values_of(request.node.callspec.params["objects"]).get("lmc", {})
    expected = expand(read(), subarrays=lmc.get("nsubarray", 1), prefix=lmc.get("prefix", "test"))
    found = list(device_data(objects).devices())
    assert {(each.server, each.class_name, each.device) for each in found} == {
        (each.server, each.class_name, each.device) for each in expected.devices()
    }
    assert {server for server, _ in device_servers(objects)} == {each.server for each in found}
    subarray = lmc.get("subarray", {})
    for each in found:
        if each.class_name == "SDPSubarray":
            loaded = load_settings({name: v[0] for name, v in each.properties.items()}, {})
            assert loaded.timeout_configure == subarray.get("timeoutConfigure", 60)
            assert loaded.timeout_assign_resources == subarray.get("timeoutAssignResources", 60)


def test_library_accepts_the_address_of_etcd(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    client = authority.pair("client")
    files = {
        "/etc/etcd-tls/ca.crt": authority.file,
        "/etc/etcd-tls/tls.crt": client.certificate,
        "/etc/etcd-tls/tls.key": client.key,
    }
    users = [container for container in containers(objects) if "env" in container]
    users += [spec for _, spec in device_servers(objects)]
    loaded = []
    for container in users:
        environ = variables(container)
        if "SDP_CONFIG_HOST" not in environ:
            continue
        mounted = [each["mountPath"] for each in container["volumeMounts"]]
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                if name.startswith("SDP_CONFIG_"):
                    assert not value.startswith("/") or str(Path(value).parent) in mounted
                    patch.setenv(name, str(files.get(value, value)))
            loaded.append(DatabaseSettings.load())
    assert loaded
    assert len({(each.endpoints, each.secure) for each in loaded}) == 1


def test_servers_have_scrape_annotations_with_and_without_operator(render: Renderer) -> None:
    expected = {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": "8080",
    }
    plain = [
        each["spec"]["template"]["metadata"]["annotations"]
        for each in render({}).of_kind("Deployment")
        if each["metadata"]["labels"]["app.kubernetes.io/component"] == "device-server"
    ]
    operated = [
        each["metadata"].get("annotations")
        for each in render({"global": {"operator": True}}).of_kind("DeviceServer")
    ]
    assert len(plain) == len(operated) > 1
    assert all(annotations == expected for annotations in plain + operated)


def test_pods_have_limits_and_no_privileges(objects: Objects) -> None:
    for each, spec in pod_specs(objects):
        name = each["metadata"]["name"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert {"requests", "limits"} <= set(container["resources"]), name
            assert re.fullmatch(r".+[@:](?!latest$)[^:/]+", container["image"]), name


def test_servers_have_probes(objects: Objects) -> None:
    kinds = ("Deployment", "StatefulSet")
    for each, spec in pod_specs(objects):
        (container,) = spec["containers"]
        if each["kind"] in kinds and "ports" in container:
            probes = ("startupProbe", "livenessProbe", "readinessProbe")
            assert set(probes) <= set(container), each["metadata"]["name"]
            ports = {port["name"] for port in container["ports"]}
            for probe in probes:
                how = container[probe].get("httpGet") or container[probe].get("tcpSocket")
                assert how is None or how["port"] in ports
    for _, container in device_servers(objects):
        if "livenessProbe" not in container:
            continue  # The operator's resource, without lmc.operatorExtraFields.
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_selectors_match_pods(objects: Objects) -> None:
    pods = [
        (each["spec"]["template"]["metadata"]["labels"], spec)
        for each, spec in pod_specs(objects)
        if each["kind"] != "CronJob"
    ]
    selecting = [(each, each["spec"]["selector"]) for each in objects.of_kind("Service")]
    for kind in ("PodDisruptionBudget", "Deployment", "StatefulSet"):
        selecting += [
            (each, each["spec"]["selector"]["matchLabels"]) for each in objects.of_kind(kind)
        ]
    selecting += [
        (each, each["spec"]["podSelector"]["matchLabels"])
        for each in objects.of_kind("NetworkPolicy")
    ]
    for each, selector in selecting:
        found = [spec for labels, spec in pods if selector.items() <= labels.items()]
        assert found, each["metadata"]["name"]
        if each["kind"] in ("Service", "Deployment", "StatefulSet"):
            assert len(found) == 1, each["metadata"]["name"]
        wanted = _port_names(each)
        for spec in found:
            named = {port["name"] for port in spec["containers"][0].get("ports", [])}
            assert wanted <= named, each["metadata"]["name"]


def _port_names(each: Manifest) -> set[str]:
    if each["kind"] == "Service":
        return {port["targetPort"] for port in each["spec"]["ports"]}
    if each["kind"] == "NetworkPolicy":
        return {port["port"] for rule in each["spec"]["ingress"] for port in rule["ports"]}
    return set()


def test_switches_add_and_remove_objects(render: Renderer) -> None:
    def kinds(values: dict[str, Any]) -> set[tuple[str, str]]:
        return {
            (each["kind"], each["metadata"]["labels"]["app.kubernetes.io/component"])
            for each in render(values)
        }

    default = kinds({})
    for component in ("mariadb", "databaseds"):
        assert component in {name for _, name in default}
        assert component not in {
            name for _, name in kinds({"global": {"tango_host": "tango-db:10000"}})
        }
    assert "etcd" not in {name for _, name in kinds({"etcd": {"host": "etcd"}})}
    assert ("CronJob", "etcd-defragmentation") in default
    operated = kinds({"global": {"operator": True}})
    assert ("DeviceServer", "device-server") in operated
    assert not operated & {("Deployment", "device-server"), ("Job", "registration")}
    assert not any(kind == "DeviceServer" for kind, _ in default)
    plain = render({}).of_kind("Service")
    balanced = render({"lmc": {"loadBalancer": True}}).of_kind("Service")
    public = {"controller", "subarray-01", "databaseds"}
    for service in plain:
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert {
        service["metadata"]["name"].removeprefix("sdp-ska-sdp-lmc-")
        for service in balanced
        if service["spec"].get("type") == "LoadBalancer"
    } == public


def test_programs_of_pods_are_in_the_images(objects: Objects) -> None:
    scripts = {each.name for each in entry_points(group="console_scripts")}
    files = ROOT / "tango-db"
    for container in containers(objects):
        image, program = container["image"], Path(container.get("command", ["the image's"])[0])
        if image.startswith("ska-sdp-lmc-tango-db:"):
            assert program.parent == Path("/opt/tango-db")
            assert (files / program.name).exists()
        elif "ska-sdp-lmc:" in image:
            assert program.name in scripts | {"sh", "sleep"}


def test_schema_lists_the_device_properties() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    lmc = schema["properties"]["lmc"]["properties"]
    for name, device in (("controller", SDPController), ("subarray", SDPSubarray)):
        known = set(lmc[name]["properties"]["properties"]["properties"])
        # The timeouts of subarrays are separate values.
        others = {"TimeoutAssignResources", "TimeoutConfigure"}
        assert known == set(device.TangoClassClass.device_property_list) - others
