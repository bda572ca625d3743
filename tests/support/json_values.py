"""Hypothesis strategies for JSON values, and for documents that are almost valid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["JSON", "mutated"]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates cannot be encoded as UTF-8, so stored values never contain them.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return container and key of every value inside a JSON value."""
    found: list[tuple[Any, Any]] = []
    below = [value] if isinstance(value, dict | list) else []
    while below:
        container = below.pop()
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                below.append(container[key])
    return found


@st.composite
def mutated(
    draw: st.DrawFn,
    examples: Sequence[Any],
    values: st.SearchStrategy[Any] = JSON,
    max_changes: int = 3,
) -> Any:
    """Return one of the examples with some values inside it changed.

    A value is removed, added, replaced by another one of the example, or by one of ``values``.
    """
    document = json.loads(json.dumps(draw(st.sampled_from(examples))))
    for _ in range(draw(st.integers(0, max_changes))):
        places = _places(document)
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.integers(0, 3))
        if change == 0:
            del container[key]
        elif change == 1 and isinstance(container, dict):
            container[draw(st.text(max_size=8))] = draw(values)
        elif change == 2:
            other, name = places[draw(st.integers(0, len(places) - 1))]
            container[key] = json.loads(json.dumps(other[name]))
        else:
            container[key] = draw(values)
    return document
