"""The operators' guide speaks of what there is: metrics, reasons, alarms."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from docs.generate import operations
from docs.generate.extension import TEXTS

from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_lmc.observability.families import FAMILIES
from ska_sdp_lmc.observability.process import CODES
from tests.docs.alarms import GUIDE, OF_ETCD, RULES, selectors

ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
SERIES = {each.name + end: each for each in FAMILIES for end in ENDINGS[each.kind]}
VALUES = {
    "obs_state": {state.name for state in ObsState},
    "health_state": {state.name for state in HealthState},
    "outcome": {"accepted", "refused", "failed"},
}


def test_every_alarm_has_a_section_and_says_what_to_do() -> None:
    sections = re.split(r"^## ", (GUIDE / "alarms.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == [r["alert"] for r in RULES]
    for section in sections:
        places = [section.index(f"\n{word}\n: ") for word in ("Symptom", "Meaning", "Action")]
        assert places == sorted(places)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alarm_asks_for_what_is_counted(rule: dict[str, Any]) -> None:
    asked = selectors(rule["expr"])
    assert asked
    for selector in asked:
        if selector.name == "up" or selector.name.startswith(OF_ETCD):
            # Prometheus' own, and those that tests/chart/test_etcd_alarms.py asks etcd for.
            continue
        family = SERIES[selector.name]
        for matcher in selector.matchers.matchers:
            assert matcher.name in family.labels
            assert matcher.value in VALUES[matcher.name]
    told = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    labels = {label for each in asked if each.name in SERIES for label in SERIES[each.name].labels}
    assert set(told) <= {"instance", *labels}


def test_metrics_that_the_text_names_are_counted() -> None:
    told = {
        name
        for page in GUIDE.glob("*.md")
        for name in re.findall(r"\bsdp_lmc_\w+", page.read_text())
    }
    assert told
    assert told <= set(SERIES)


def test_reasons_that_the_text_names_exist() -> None:
    told = re.findall(r"reason `([a-z-]+)`", (GUIDE / "alarms.md").read_text())
    assert told
    assert set(told) <= set(CODES)


def test_every_metric_reason_and_part_is_in_the_guide() -> None:
    assert all(f"| `{each.name}` | {each.kind} |" in operations.metrics() for each in FAMILIES)
    assert all(f"| `{code}` |" in operations.reasons() for code in CODES)
    killed = yaml.safe_load((GUIDE / "killed.yaml").read_text())
    shown = operations.killed_parts()
    assert all(f"| {part['part']} |" in shown for part in killed["parts"])
    assert all(" ".join(said.split()) in shown for said in killed["statements"].values())
    used = "".join(page.read_text() for page in GUIDE.glob("*.md"))
    for name in ("metrics", "health-reasons", "killed-parts"):
        assert name in TEXTS
        assert f"```{{generated}} {name}\n" in used
