"""Health endpoints of a server, read like a probe or Prometheus."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

PATIENCE = 10.0
"""Timeout of a request, in seconds; longer than that of a probe, for a loaded machine."""


def ask(endpoint: str, path: str, accept: str = "*/*") -> tuple[int, str]:
    """Return status and body of a response.

    Raises:
        OSError: there is no response.
    """
    request = urllib.request.Request(f"http://{endpoint}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as failure:
        with failure:
            return failure.code, failure.read().decode()


def reasons(endpoint: str, path: str = "/readyz") -> dict[str, dict[str, Any]]:
    """Return the reasons by code, after a check that status and body agree."""
    status, body = ask(endpoint, path)
    document = json.loads(body)
    assert document[{"/readyz": "ready", "/livez": "live"}[path]] is (status == 200)
    assert (status == 503) is bool(document["reasons"])
    return {reason["code"]: reason for reason in document["reasons"]}


def is_ready(endpoint: str) -> bool:
    return not reasons(endpoint)


class Samples:
    """One scrape, parsed by Prometheus' client."""

    def __init__(self, text: str) -> None:
        self.families = {each.name: each for each in text_string_to_metric_families(text)}

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a name's samples with these labels; 0 if there are none."""
        return sum(
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def of(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each sample of a name."""
        return [
            (dict(sample.labels), sample.value)
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name
        ]

    def one_of(self, name: str, label: str) -> str:
        """Return the label's value of the only sample that is 1."""
        (found,) = [
            sample.labels[label]
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and sample.value == 1
        ]
        return found


def scrape(endpoint: str) -> Samples:
    status, body = ask(endpoint, "/metrics")
    assert status == 200
    return Samples(body)
