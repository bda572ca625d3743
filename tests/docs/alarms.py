"""Alarm rules of the operators' guide, and the series that they query."""

from __future__ import annotations

from typing import Any

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
