"""Queries of Prometheus."""

from __future__ import annotations

from typing import Any

import promql_parser

__all__ = ["selectors"]


def selectors(expression: str) -> list[Any]:
    """Return the selectors of an expression, parsed by Prometheus' grammar."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
