"""What a server says of its health, asked for as a probe or Prometheus asks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Samples", "ask", "is_ready", "reasons", "scrape"]

PATIENCE = 10.0
"""Seconds after which an answer is none; a probe in a cluster has fewer, a busy machine more."""


def ask(endpoint: str, path: str, accept: str = "*/*") -> tuple[int, str]:
    """Status and body of an answer.

    Raises:
        OSError: there was none.
    """
    request = urllib.request.Request(f"http://{endpoint}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def reasons(endpoint: str, path: str = "/readyz") -> dict[str, dict[str, Any]]:
    """Why it is not ready, or not alive, by code; checks that status and body say the same."""
    status, body = ask(endpoint, path)
    document = json.loads(body)
    assert document[{"/readyz": "ready", "/livez": "live"}[path]] is (status == 200)
    assert (status == 503) is bool(document["reasons"])
    return {reason["code"]: reason for reason in document["reasons"]}


def is_ready(endpoint: str) -> bool:
    """Whether it is ready."""
    return not reasons(endpoint)


class Samples:
    """One scrape, read by Prometheus' own parser."""

    def __init__(self, text: str) -> None:
        self.families = {each.name: each for each in text_string_to_metric_families(text)}

    def value(self, name: str, **labels: str) -> float:
        """The sum of a name's samples that have these labels; 0 when there are none."""
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
        """The label's value whose sample is 1, of which there must be one."""
        (found,) = [
            sample.labels[label]
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and sample.value == 1
        ]
        return found


def scrape(endpoint: str) -> Samples:
    """What it has counted."""
    status, body = ask(endpoint, "/metrics")
    assert status == 200
    return Samples(body)
