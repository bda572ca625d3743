"""The network policy of the web page: who reaches it, and what it reaches."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from tests.chart.rendering import Manifest, Objects, Renderer

CONTROLLER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
COMMANDS: dict[str, Any] = {"allowCommands": True, "login": {"enabled": True}}
DNS = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]


def policy(render: Renderer, **values: Any) -> Manifest:
    web = {"enabled": True} | values.pop("web", {})
    spec: Manifest = render({"web": web} | values).only("NetworkPolicy", "-web")["spec"]
    return spec


def destinations(egress: list[Manifest]) -> dict[str, list[Any]]:
    """Return the ports of each rule by the component of its pods; the DNS rule is checked."""
    (dns, *others) = egress
    assert dns == {"ports": DNS}
    found = {}
    for rule in others:
        peers = rule.get("to")
        name = "anywhere"
        if peers:
            (peer,) = peers
            labels = peer["podSelector"].get("matchLabels", {})
            name = labels.get("app.kubernetes.io/component", "namespace")
        found[name] = [each["port"] for each in rule.get("ports", [])]
    return found


def test_peers_of_the_values_reach_the_page(render: Renderer) -> None:
    found = policy(render, networkPolicy={"webClients": [CONTROLLER]})
    assert found["policyTypes"] == ["Ingress", "Egress"]
    assert found["ingress"] == [{"ports": [{"port": "http"}], "from": [CONTROLLER]}]


def test_no_pod_reaches_the_page_by_default(render: Renderer) -> None:
    """A rule without ``from`` would admit all."""
    assert policy(render)["ingress"] == []


def test_ingress_without_peers_is_rejected(render: Renderer) -> None:
    web = {"enabled": True, "ingress": {"enabled": True, "host": "sdp.example.org"}}
    with pytest.raises(helm_python.HelmError, match=r"^.*networkPolicy\.webClients is empty.*set"):
        render({"web": web})
    without = render({"web": web, "networkPolicy": {"enabled": False}})
    assert without.of_kind("Ingress")
    assert not without.of_kind("NetworkPolicy")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"etcd": [2379]}),
        (
            {"web": COMMANDS},
            {"etcd": [2379], "databaseds": [10000], "device-server": [45450]},
        ),
        (
            {"web": COMMANDS, "global": {"operator": True}},
            {"etcd": [2379], "databaseds": [10000], "namespace": []},
        ),
        ({"etcd": {"host": "a:2379,b:2379,c:3379"}}, {"anywhere": [2379, 3379]}),
        ({"etcd": {"host": "a"}}, {"anywhere": [2379]}),
        ({"etcd": {"host": "[fd00::1]"}}, {"anywhere": [2379]}),
        ({"etcd": {"host": "[fd00::1]:3379"}}, {"anywhere": [3379]}),
    ],
    ids=str,
)
def test_page_reaches_only_its_databases_and_devices(
    render: Renderer, values: dict[str, Any], expected: dict[str, list[int]]
) -> None:
    assert destinations(policy(render, **values)["egress"]) == expected


def test_page_reaches_destinations_of_the_values(render: Renderer) -> None:
    collector = {"podSelector": {"matchLabels": {"app": "otel-collector"}}}
    egress = policy(render, networkPolicy={"webDestinations": [collector]})["egress"]
    assert {"to": [collector]} in egress
    # A rule without peers would permit all connections.
    assert all(rule.get("to") or rule["ports"] for rule in policy(render)["egress"])


def test_existing_tango_database_is_reached_by_its_port(render: Renderer) -> None:
    given = {"tango_host": "tango-db.site:10001"}
    egress = policy(render, web=COMMANDS, **{"global": given})["egress"]
    assert {"ports": [{"port": 10001}]} in egress
    assert {"ports": [{"port": 10001}]} not in policy(render, **{"global": given})["egress"]


def _admits(objects: Objects, component: str, labels: dict[str, str], port: int) -> bool:
    """Return whether the policy of a component admits pods with these labels at a port."""
    for each in objects.of_kind("NetworkPolicy"):
        spec = each["spec"]
        if spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"] != component:
            continue
        names = {
            each["name"]: each["containerPort"]
            for kind in ("Deployment", "StatefulSet")
            for workload in objects.of_kind(kind)
            if workload["metadata"]["labels"]["app.kubernetes.io/component"] == component
            for each in workload["spec"]["template"]["spec"]["containers"][0]["ports"]
        }
        for rule in spec["ingress"]:
            peers = rule.get("from", [{"podSelector": {}}])
            if port in [names[each["port"]] for each in rule["ports"]] and any(
                peer.get("podSelector", {"matchLabels": {"": ""}}).get("matchLabels", {}).items()
                <= labels.items()
                for peer in peers
            ):
                return True
    return False


def test_policies_of_the_destinations_admit_the_page(render: Renderer) -> None:
    closed = {"etcdClients": [], "tangoClients": [CONTROLLER], "webClients": []}
    objects = render({"web": {"enabled": True} | COMMANDS, "networkPolicy": closed})
    labels = objects.only("Deployment", "-web")["spec"]["template"]["metadata"]["labels"]
    egress = objects.only("NetworkPolicy", "-web")["spec"]["egress"]
    found = destinations(egress)
    assert set(found) == {"etcd", "databaseds", "device-server"}
    for component, ports in found.items():
        for port in ports:
            assert _admits(objects, component, labels, port), component
            assert not _admits(objects, component, {"app": "other"}, port), component
