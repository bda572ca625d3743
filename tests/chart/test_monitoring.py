"""Resources of the Prometheus operator: their fields, and the pods and jobs that they select."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from tests.chart.guide import commands
from tests.chart.promtool import needs_promtool, run_promtool
from tests.chart.rendering import NAMESPACE, VALUE_SETS, Objects, Renderer, pod_specs, values_of
from tests.chart.substitution import run_program
from tests.support.promql import selectors
from tests.support.schemas import draft_7

SCHEMAS = json.loads(Path(__file__).with_name("monitoring.schema.json").read_text())
KINDS = ("PodMonitor", "PrometheusRule")
ON: dict[str, Any] = {"podMonitors": {"enabled": True}, "alarms": {"enabled": True}}


def test_resources_match_the_schemas_of_the_prometheus_operator(render: Renderer) -> None:
    found = set()
    for path in VALUE_SETS:
        objects = render(values_of(path))
        for kind in KINDS:
            validator = draft_7(SCHEMAS | {"$ref": f"#/$defs/{kind}"})
            for each in objects.of_kind(kind):
                assert list(validator.iter_errors(each)) == []
                found.add((path.name, kind))
    assert {kind for _, kind in found} == set(KINDS)
    assert len({name for name, _ in found}) > 1


def test_resources_are_off_by_default(render: Renderer) -> None:
    assert not {each["kind"] for each in render({})} & set(KINDS)
    alarms = ON["alarms"] | {"serversJob": "servers", "etcdJob": "etcd"}
    objects = render({"monitoring": {"alarms": alarms}})
    assert {kind for kind in KINDS if objects.of_kind(kind)} == {"PrometheusRule"}


@pytest.mark.parametrize(
    ("etcd", "jobs", "is_complete"),
    [
        ({}, {}, False),
        ({}, {"serversJob": "servers"}, False),
        ({}, {"etcdJob": "etcd"}, False),
        ({"host": "etcd"}, {"serversJob": "servers"}, True),
    ],
)
def test_alarms_without_pod_monitors_require_jobs(
    render: Renderer, etcd: dict[str, Any], jobs: dict[str, Any], is_complete: bool
) -> None:
    values = {"etcd": etcd, "monitoring": {"alarms": ON["alarms"] | jobs}}
    if is_complete:
        render(values)
        return
    with pytest.raises(helm_python.HelmError, match=r"set monitoring\.alarms\.serversJob and"):
        render(values)


def test_resources_have_the_labels_for_prometheus(render: Renderer) -> None:
    objects = render({"monitoring": ON | {"labels": {"release": "prometheus"}}})
    resources = [each for kind in KINDS for each in objects.of_kind(kind)]
    assert len(resources) == 3
    for each in resources:
        assert each["metadata"]["labels"]["release"] == "prometheus"
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "sdp"


def scraped_ports(objects: Objects, monitor: str) -> list[int]:
    """Return the port of each pod that a PodMonitor scrapes."""
    spec = objects.only("PodMonitor", monitor)["spec"]
    (endpoint,) = spec["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"
    wanted = spec["selector"]["matchLabels"].items()
    ports = []
    for each, pod in pod_specs(objects):
        template = each["spec"].get("template")
        if template and wanted <= template["metadata"]["labels"].items():
            (container,) = pod["containers"]
            (port,) = (p for p in container["ports"] if p["name"] == endpoint["port"])
            ports.append(port["containerPort"])
    return ports


def test_pod_monitors_select_all_servers_and_etcd(render: Renderer) -> None:
    values = {"lmc": {"nsubarray": 3}, "etcd": {"replicas": 3}, "monitoring": ON}
    objects = render(values)
    assert scraped_ports(objects, "-device-servers") == [8080] * 4
    assert scraped_ports(objects, "-etcd") == [2381]
    endpoints = [each["spec"]["podMetricsEndpoints"][0] for each in objects.of_kind("PodMonitor")]
    assert {endpoint["interval"] for endpoint in endpoints} == {"15s"}


def test_network_policies_admit_prometheus(render: Renderer) -> None:
    objects = render({"monitoring": ON})
    for monitor in objects.of_kind("PodMonitor"):
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        (policy,) = (
            each
            for each in objects.of_kind("NetworkPolicy")
            if each["spec"]["podSelector"] == monitor["spec"]["selector"]
        )
        assert {"ports": [{"port": endpoint["port"]}]} in policy["spec"]["ingress"]


def test_pod_monitor_of_the_tango_operator_sets_the_port_itself(render: Renderer) -> None:
    labels = {"example.org/system": "sdp"}
    monitors = {"enabled": True, "operatorPodLabels": labels}
    values = {"global": {"operator": True}, "monitoring": {"podMonitors": monitors}}
    objects = render(values)
    spec = objects.only("PodMonitor", "-device-servers")["spec"]
    assert spec["selector"] == {"matchLabels": labels}
    (endpoint,) = spec["podMetricsEndpoints"]
    assert "port" not in endpoint
    address, container = endpoint["relabelings"]
    assert address["targetLabel"] == "__address__"
    server = objects.only("DeviceServer", "-controller")["spec"]
    (port,) = (each["value"] for each in server["env"] if each["name"] == "SDP_LMC_HEALTH_PORT")
    assert address["replacement"] == f"$1:{port}"
    assert container == {"action": "labeldrop", "regex": "container"}


def of_prometheus(relabeling: dict[str, Any]) -> dict[str, Any]:
    """Return a relabeling as it is in the configuration of Prometheus."""
    names = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {names.get(name, name): value for name, value in relabeling.items()}


@needs_promtool
def test_pod_of_the_tango_operator_is_one_target(render: Renderer, tmp_path: Path) -> None:
    """Prometheus discovers each port and container of a pod, and merges equal targets."""
    monitors = {"enabled": True, "operatorPodLabels": {"a": "b"}}
    values = {"global": {"operator": True}, "monitoring": {"podMonitors": monitors}}
    spec = render(values).only("PodMonitor", "-device-servers")["spec"]
    relabelings = spec["podMetricsEndpoints"][0]["relabelings"]
    ip, container = "__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_container_name"
    discovered = [("10.0.0.5:45450", "server"), ("10.0.0.5:45451", "server"), ("10.0.0.5", "init")]
    scrape = {
        "job_name": "servers",
        "static_configs": [
            {"targets": [address], "labels": {ip: "10.0.0.5", container: name}}
            for address, name in discovered
        ],
        "relabel_configs": [
            # The operator of Prometheus adds this one, before those of the PodMonitor.
            {"source_labels": [container], "target_label": "container"},
            *map(of_prometheus, relabelings),
        ],
    }
    path = tmp_path / "prometheus.yaml"
    path.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
    done = run_promtool("check", "service-discovery", "--timeout=3s", str(path), "servers")
    assert done.returncode == 0, done.stderr
    first, *others = (target["labels"] for target in json.loads(done.stdout))
    assert first["__address__"] == "10.0.0.5:8080"
    assert others == [first, first]


@needs_promtool
@pytest.mark.parametrize("operator", [False, True], ids=["plain", "operator"])
def test_relabelings_of_the_site_follow_those_of_the_chart(
    render: Renderer, tmp_path: Path, operator: bool
) -> None:
    """Prometheus accepts them, and its target has their labels."""
    own = [
        {"targetLabel": "telescope", "replacement": "low"},
        {"sourceLabels": ["__address__"], "targetLabel": "scraped", "regex": "(.*):.*"},
        {"action": "labeldrop", "regex": "pod"},
    ]
    monitors = {"enabled": True, "operatorPodLabels": {"a": "b"}, "relabelings": own}
    values = {"global": {"operator": operator}, "monitoring": {"podMonitors": monitors}}
    for monitor in render(values).of_kind("PodMonitor"):
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert endpoint["relabelings"][-len(own) :] == own
        ip = {"__meta_kubernetes_pod_ip": "10.0.0.5", "pod": "x"}
        scrape = {
            "job_name": "job",
            "static_configs": [{"targets": ["10.0.0.5:8080"], "labels": ip}],
            "relabel_configs": [*map(of_prometheus, endpoint["relabelings"])],
        }
        path = tmp_path / "prometheus.yaml"
        path.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
        done = run_promtool("check", "service-discovery", "--timeout=3s", str(path), "job")
        assert done.returncode == 0, done.stderr
        (target,) = json.loads(done.stdout)
        assert target["labels"]["telescope"] == "low"
        assert target["labels"]["scraped"] == "10.0.0.5"
        assert "pod" not in target["labels"]


def test_pod_labels_are_required_with_the_tango_operator(render: Renderer) -> None:
    values = {"global": {"operator": True}, "monitoring": {"podMonitors": {"enabled": True}}}
    with pytest.raises(helm_python.HelmError, match=r"set it to labels that exactly"):
        render(values)


@pytest.mark.parametrize("name", ["long-release-name-of-a-site", "sdp"])
def test_alarms_select_the_jobs_of_the_pod_monitors(render: Renderer, name: str) -> None:
    objects = render({"monitoring": ON}, name)
    # The Prometheus operator's name for the job of a PodMonitor.
    jobs = [f"{NAMESPACE}/{each['metadata']['name']}" for each in objects.of_kind("PodMonitor")]
    of_servers, of_etcd = sorted(jobs)
    assert of_servers.endswith("-device-servers")
    groups = objects.only("PrometheusRule")["spec"]["groups"]
    for group, job in zip(groups, (of_servers, of_etcd), strict=True):
        for rule in group["rules"]:
            for selector in selectors(rule["expr"]):
                matchers = {each.name: each.value for each in selector.matchers.matchers}
                assert matchers["job"] == job, rule


def test_existing_etcd_has_no_pod_monitor_and_no_alarms(render: Renderer) -> None:
    objects = render({"etcd": {"host": "etcd"}, "monitoring": ON})
    (monitor,) = objects.of_kind("PodMonitor")
    assert monitor["metadata"]["name"].endswith("-device-servers")
    (group,) = objects.only("PrometheusRule")["spec"]["groups"]
    assert group["name"] == "ska-sdp-lmc"


def test_guide_extracts_the_rules_of_a_site(render: Renderer, tmp_path: Path) -> None:
    (block,) = commands("alarms.md", "helm template")
    helm, _, sed = block.partition("| ")
    options = dict(word.split("=") for word in helm.split() if word.startswith("monitoring."))
    enabled = options.pop("monitoring.alarms.enabled")
    jobs = {name.rpartition(".")[2]: job for name, job in options.items()}
    assert (enabled, set(jobs)) == ("true", {"serversJob", "etcdJob"})
    (template,) = (word for word in helm.split() if word.startswith("templates/"))
    values = {"monitoring": {"alarms": {"enabled": True, **jobs}}, "lmc": {"nsubarray": 4}}
    (tmp_path / "rendered.yaml").write_text(render.text(template, values))
    program, _, file = sed.strip().partition(" > ")
    run_program(["bash", "-euc", f"{program} < rendered.yaml > {file}"], {}, tmp_path)
    expected = render(values).only("PrometheusRule")["spec"]
    assert yaml.safe_load((tmp_path / file).read_text()) == expected
