"""Metrics, reasons, alarms and commands in the operators' guide are those of the programs."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import yaml
from docs.generate import operations
from docs.generate.extension import TEXTS
from markdown_it import MarkdownIt

from ska_sdp_config.cli.program import run
from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_lmc.observability.families import FAMILIES
from ska_sdp_lmc.observability.process import CODES
from tests.docs.alarms import GUIDE, OF_ETCD, RULES
from tests.support.promql import selectors

ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
SERIES = {each.name + end: each for each in FAMILIES for end in ENDINGS[each.kind]}
VALUES = {
    "obs_state": {state.name for state in ObsState},
    "health_state": {state.name for state in HealthState},
    "outcome": {"accepted", "refused", "failed"},
}


def test_every_alarm_has_a_section_with_an_action() -> None:
    sections = re.split(r"^## (?=Sdp)", (GUIDE / "alarms.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == [r["alert"] for r in RULES]
    for section in sections:
        places = [section.index(f"\n{word}\n: ") for word in ("Symptom", "Meaning", "Action")]
        assert places == sorted(places)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_alarm_queries_existing_series(rule: dict[str, Any]) -> None:
    queried = selectors(rule["expr"])
    assert queried
    for selector in queried:
        if selector.name == "up" or selector.name.startswith(OF_ETCD):
            # Prometheus' own, and etcd's, which tests/chart/test_etcd_alarms.py checks.
            continue
        family = SERIES[selector.name]
        for matcher in selector.matchers.matchers:
            if matcher.name == "job":
                # Prometheus adds it.
                continue
            assert matcher.name in family.labels
            assert matcher.value in VALUES[matcher.name]
    named = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    labels = {
        label for each in queried if each.name in SERIES for label in SERIES[each.name].labels
    }
    assert set(named) <= {"instance", *labels}


def test_metrics_in_the_text_exist() -> None:
    named = {
        name
        for page in GUIDE.glob("*.md")
        for name in re.findall(r"\bsdp_lmc_\w+", page.read_text())
    }
    assert named
    assert named <= set(SERIES)


def test_reasons_in_the_text_exist() -> None:
    named = re.findall(r"reason `([a-z-]+)`", (GUIDE / "alarms.md").read_text())
    assert named
    assert set(named) <= set(CODES)


def test_every_metric_reason_and_part_is_in_the_guide() -> None:
    assert all(f"| `{each.name}` | {each.kind} |" in operations.metrics() for each in FAMILIES)
    assert all(f"| `{code}` |" in operations.reasons() for code in CODES)
    killed = yaml.safe_load((GUIDE / "killed.yaml").read_text())
    shown = operations.killed_parts()
    assert all(f"| {part['part']} |" in shown for part in killed["parts"])
    assert all(" ".join(said.split()) in shown for said in killed["statements"].values())
    used = "".join(page.read_text() for page in GUIDE.glob("*.md"))
    for name in ("metrics", "health-reasons", "killed-parts", "archived", "not-archived"):
        assert name in TEXTS
        assert f"```{{generated}} {name}\n" in used


COMMAND = re.compile(r"(?<![\w./-])ska-sdp ([^|;&<>()\n]*)")

SHOWN = [
    (page.name, command)
    for page in sorted(GUIDE.glob("*.md"))
    for token in MarkdownIt().parse(page.read_text())
    if token.type == "fence" and token.info in ("console", "sh")
    for command in COMMAND.findall(token.content)
]


@pytest.mark.parametrize(("page", "command"), sorted(set(SHOWN)))
def test_command_of_the_guide_has_valid_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str, command: str
) -> None:
    # Port 9 has no database: the command fails, but not with the exit code of invalid usage.
    monkeypatch.setenv("SDP_CONFIG_PORT", "9")
    monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.05")
    code = run(shlex.split(command.replace("'", "")))
    assert code != 2, capsys.readouterr().err
