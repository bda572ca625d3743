"""Values of other charts are ignored; names that resemble one of the chart's own are rejected."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest
import yaml
from docs.generate.chart import CHART

from tests.chart.rendering import Renderer, values_of

OTHERS = yaml.safe_load(
    """
    system: sdp
    labels: {app: site}
    dsconfig: {image: {registry: registry.example.org, tag: 1.5.1}}
    ska-tango-base: {enabled: false}
    proccontrol: {image: proccontrol, version: 1.0.0, imagePullPolicy: Always, replicas: 1}
    helmdeploy: {enableNADClusterRole: true, namespace: sdp, prefix: "", createNamespace: false}
    data-pvc:
      create: {enabled: true, size: 2Ti, storageClassName: ceph, clone-pvc: a,
        clone-pvc-namespace: b}
      pod: {enabled: true}
    qa:
      api: {workerCount: 2, grafanaBaseUrl: "https://g", kibanaBaseUrl: "https://k",
        grafanaDashboard: d}
      display: {vault: {useVault: false}}
    kafka: {enabled: true, clusterDomain: cluster.local, resources: {limits: {mem: 1}}}
    console: {image: console, version: 0.5.0, imagePullPolicy: Always, replicas: 1, component: c}
    etcd:
      component: sdp-configuration-database
      useOperator: false
      autoCompaction: {retention: 1}
      persistence: {autoCompaction: {mode: periodic}, defrag: {enabled: true}}
    lmc:
      replicas: 1
      component: sdp-lmc
      enabled: true
      master: {domain: sdp-monitoring}
      load_balancer: true
    feature-flags: {another: true}
    global:
      minikube: true
      kafka_host: ska-sdp-kafka
      data-product-pvc-name: test-pvc
      sub-system: {ska-tango-base: {enabled: false}}
      sdp: {processingNamespace: sdp}
    """
)
"""Values of the charts beside this one, as sites set them."""

MISSPELT = [
    ("consoles: {enabled: true}", "consoles", "console"),
    ("simulater: {enabled: true}", "simulater", "simulator"),
    ("etdc: {replicas: 3}", "etdc", "etcd"),
    ("Etcd: {replicas: 3}", "Etcd", "etcd"),
    ("lm: {nsubarray: 3}", "lm", "lmc"),
    ("network-policy: {enabled: false}", "network-policy", "networkPolicy"),
    ("disruptionBudget: {}", "disruptionBudget", "disruptionBudgets"),
    ("toleration: []", "toleration", "tolerations"),
    ("feature_flags: {}", "feature_flags", "feature-flags"),
    (
        "feature-flags: {resource-management: true}",
        "feature-flags.resource-management",
        "feature-flags.resourceManagement",
    ),
    ("etcd: {persistance: {enabled: false}}", "etcd.persistance", "etcd.persistence"),
    ("etcd: {persistence: {sise: 1Gi}}", "etcd.persistence.sise", "etcd.persistence.size"),
    ("etcd: {loglevel: debug}", "etcd.loglevel", "etcd.logLevel"),
    ("console: {enable: false}", "console.enable", "console.enabled"),
]


def test_values_of_other_charts_have_no_effect(render: Renderer) -> None:
    existing = {"tangodb": {"existingSecret": "tangodb"}}
    assert render(existing | OTHERS).by_name == render(existing).by_name


@pytest.mark.parametrize(("text", "name", "own"), MISSPELT, ids=[text for text, *_ in MISSPELT])
def test_misspelt_value_is_rejected_with_the_right_name(
    render: Renderer, text: str, name: str, own: str
) -> None:
    with pytest.raises(helm_python.HelmError) as rejected:
        render(yaml.safe_load(text))
    assert f"Unknown value '{name}': did you mean '{own}'?" in str(rejected.value)


# Each template for a name: its beginning, its last letter but one, its last letter.
SLIPS = {
    "missing": "{head}{tail}",
    "added": "{head}{letter}{tail}q",
    "replaced": "{head}q{tail}",
    "swapped": "{head}{tail}{letter}",
}


@pytest.mark.parametrize("name", list(values_of(CHART / "values.yaml")))
@pytest.mark.parametrize(
    "slip", ["missing", *(pytest.param(each, marks=pytest.mark.long) for each in [*SLIPS][1:])]
)
def test_one_wrong_letter_is_detected(render: Renderer, name: str, slip: str) -> None:
    """Of each name at the top."""
    wrong = SLIPS[slip].format(head=name[:-2], letter=name[-2], tail=name[-1])
    with pytest.raises(helm_python.HelmError, match=f"'{wrong}': did you mean '{name}'"):
        render({wrong: {}})


def _names(values: Any, path: str) -> set[str]:
    for name in path.split("."):
        values = values[name] if name else values
    return set(values)


def test_own_names_are_those_of_the_values() -> None:
    defaults = values_of(CHART / "values.yaml")
    text = (CHART / "templates/_ignored-values.tpl").read_text()
    own = text.partition('define "ska-sdp-lmc.own-names" -}}')[2].partition("{{- end")[0]
    listed = yaml.safe_load(own)
    assert set(listed) == {"", "feature-flags", "etcd", "etcd.persistence", "console"}
    for path, names in listed.items():
        assert len(set(names)) == len(names)
        assert set(names) == _names(defaults, path), path


def test_ignored_names_of_lmc_are_those_of_the_schema() -> None:
    text = (CHART / "templates/_ignored-values.tpl").read_text()
    names = text.partition('define "ska-sdp-lmc.ignored-names-of-lmc" -}}')[2].partition("{{-")[0]
    schema = values_of(CHART / "values.schema.json")["properties"]["lmc"]["properties"]
    assert set(yaml.safe_load(names)) == set(schema) - _names(
        values_of(CHART / "values.yaml"), "lmc"
    )


def test_value_of_an_earlier_release_is_rejected(render: Renderer) -> None:
    with pytest.raises(helm_python.HelmError, match=r"write scheduling\.nodeSelector as nodeSel"):
        render({"scheduling": {"nodeSelector": {"a": "b"}}})


def test_values_without_an_effect_are_listed_in_the_notes(render: Renderer) -> None:
    (notes,) = (text for name, text in render.texts(OTHERS).items() if name.endswith("NOTES.txt"))
    listed = notes.partition("Ignored, as values of other charts:\n")[2].split()
    assert set(listed) >= {"proccontrol", "labels", "console.image", "etcd.persistence.defrag"}
    assert set(listed) >= {"lmc.replicas", "lmc.master", "lmc.load_balancer"}
    assert not {"lmc", "global", "console", "console.resources"} & set(listed)
    assert "Ignored" not in "".join(render.texts({}).values())
