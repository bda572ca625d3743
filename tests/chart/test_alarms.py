"""Alarms of the chart fire as expected, evaluated by Prometheus."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.generate import alarms

from tests.chart.alarm_cases import CASES, INTERVAL, Case, numbered_cases
from tests.chart.promtool import needs_promtool, run_promtool
from tests.chart.rendering import Manifest, Renderer

SIZES = [(1, 1), (2, 3), pytest.param((16, 3), marks=pytest.mark.long)]
"""Numbers of subarrays and of etcd's members."""

ONE_SIZE = pytest.mark.parametrize("size", [(2, 3)], indirect=True, ids=["2-subarrays"])
"""For what does not depend on the numbers."""

Check = Callable[..., "subprocess.CompletedProcess[str]"]


def rules_of(rules: Manifest) -> list[dict[str, Any]]:
    return [rule for group in rules["spec"]["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}-subarrays")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture(scope="module")
def rules(render: Renderer, size: tuple[int, int]) -> Manifest:
    """Rendered PrometheusRule of a size."""
    subarrays, members = size
    values = {"lmc": {"nsubarray": subarrays}, "etcd": {"replicas": members}}
    return render(values | alarms.VALUES).only("PrometheusRule")


@pytest.fixture
def check(rules: Manifest, tmp_path: Path) -> Check:
    """Function that lets promtool compare cases with the rules."""
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in rules_of(rules)}
    (tmp_path / "rules.yaml").write_text(dumped(rules["spec"]))

    def check(*cases: Case) -> subprocess.CompletedProcess[str]:
        tests = [_unit_test(case, severities[case.alarm]) for case in cases]
        path = tmp_path / "cases.yaml"
        path.write_text(
            dumped({"rule_files": ["rules.yaml"], "evaluation_interval": INTERVAL, "tests": tests})
        )
        return run_promtool("test", "rules", str(path))

    return check


def dumped(value: Any) -> str:
    # The emitter in C takes a tenth of the time.
    return str(yaml.dump(value, Dumper=yaml.CSafeDumper))


def _unit_test(case: Case, severity: str) -> dict[str, Any]:
    expected = [
        {
            "exp_labels": {**labels, "severity": severity},
            "exp_annotations": {"summary": summary},
        }
        for summary, labels in case.summaries.items()
    ]
    series = [{"series": each, "values": values} for each, values in case.series.items()]
    return {
        "name": f"{case.alarm}: {case.about}",
        "interval": INTERVAL,
        "input_series": series,
        "alert_rule_test": [
            {"eval_time": case.at, "alertname": case.alarm, "exp_alerts": expected}
        ],
    }


def all_cases(size: tuple[int, int]) -> list[Case]:
    subarrays, members = size
    # The controller is a server as well.
    return [*CASES, *numbered_cases(subarrays + 1, members)]


@needs_promtool
def test_alarms_fire_as_expected(check: Check, size: tuple[int, int]) -> None:
    done = check(*all_cases(size))
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@ONE_SIZE
def test_unexpected_alarm_fails_the_check(check: Check, size: tuple[int, int]) -> None:
    firing = [case for case in all_cases(size) if case.summaries]
    done = check(*(case._replace(summaries={}) for case in firing))
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert [case.alarm for case in firing if f"alertname: {case.alarm}," not in output] == []


@needs_promtool
@ONE_SIZE
def test_alarms_ignore_series_of_other_jobs(check: Check, size: tuple[int, int]) -> None:
    """Another system that the same Prometheus scrapes fires no alarm of this one."""
    healthy = [case for case in numbered_cases(size[0] + 1, size[1]) if not case.summaries]
    targets = {series: "1+0x200" for case in healthy for series in case.series}
    others = []
    for case in all_cases(size):
        of_others = {
            series.replace('job="sdp-', 'job="other-'): samples
            for series, samples in case.series.items()
        }
        others.append(case._replace(series=targets | of_others, summaries={}))
    done = check(*others)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alarm_has_a_case_that_fires_and_one_that_does_not(
    rules: Manifest, size: tuple[int, int]
) -> None:
    names = {rule["alert"] for rule in rules_of(rules)}
    cases = all_cases(size)
    assert {case.alarm for case in cases if case.summaries} == names
    assert {case.alarm for case in cases if not case.summaries} == names


def test_alarms_of_the_guide_are_those_of_the_chart(render: Renderer) -> None:
    rendered = render.text(alarms.TEMPLATE, alarms.VALUES)
    expected = alarms.rules(rendered)
    assert alarms.ALARMS.read_text() == expected, "run python -m docs.generate.alarms"
