"""Alarms fire as expected, evaluated by Prometheus."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.alarm_cases import CASES, INTERVAL, Case
from tests.docs.alarms import GUIDE, RULES

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is missing: .ci/run installs Debian's prometheus",
)
SEVERITY = {rule["alert"]: rule["labels"]["severity"] for rule in RULES}


def _check(case: Case, directory: Path) -> subprocess.CompletedProcess[str]:
    expected = [
        {
            "exp_labels": {**labels, "severity": SEVERITY[case.alarm]},
            "exp_annotations": {"summary": summary},
        }
        for summary, labels in case.summaries.items()
    ]
    alarm = {"eval_time": case.at, "alertname": case.alarm, "exp_alerts": expected}
    series = [{"series": each, "values": values} for each, values in case.series.items()]
    test = {"interval": INTERVAL, "input_series": series, "alert_rule_test": [alarm]}
    path = directory / "case.yaml"
    rules = [str(GUIDE / "alarms.yaml")]
    path.write_text(
        yaml.safe_dump({"rule_files": rules, "evaluation_interval": INTERVAL, "tests": [test]})
    )
    return subprocess.run(
        ["promtool", "test", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@needs_promtool
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alarm}: {case.about}")
def test_alarm_fires_as_expected(case: Case, tmp_path: Path) -> None:
    done = _check(case, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_unexpected_alarm_fails_the_check(tmp_path: Path) -> None:
    fires = next(case for case in CASES if case.summaries)
    assert _check(fires._replace(summaries={}), tmp_path).returncode != 0


def test_each_alarm_has_a_case_that_fires_and_one_that_does_not() -> None:
    assert {case.alarm for case in CASES if case.summaries} == set(SEVERITY)
    assert {case.alarm for case in CASES if not case.summaries} == set(SEVERITY)
