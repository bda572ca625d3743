"""Alarm rules of the operators' guide, and the series that they query."""

from __future__ import annotations

from typing import Any

import promql_parser
import yaml

from tests.docs.page import ROOT

GUIDE = ROOT / "docs" / "operations"

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((GUIDE / "alarms.yaml").read_text())["groups"]
    for rule in group["rules"]
]

OF_ETCD = ("etcd_", "grpc_")
"""Prefixes of the names of etcd's own series."""


def selectors(expression: str) -> list[Any]:
    """Return the series that a rule queries, parsed by Prometheus' grammar."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
