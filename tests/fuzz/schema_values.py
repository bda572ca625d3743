"""Strategies for the values that a JSON Schema accepts, and some that it nearly accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.docs.page import ROOT
from tests.support.hostile_values import HOSTILE
from tests.support.json_values import mutated

__all__ = ["schema_values", "values_of_schema"]

_DIRECTORY = ROOT / "docs" / "reference" / "schemas"

SCHEMAS = tuple(sorted(file.stem for file in _DIRECTORY.glob("*.json")))
"""Names of the published schemas: ``assignres-0.1`` and so on."""

_NAMES = st.sampled_from(
    [
        "a",
        "b",
        "science",
        "vis0",
        "pss1",
        "all",
        ".default",
        "field_a",
        "",
        "é",
        "a b",
        "__proto__",
    ]
)


def schema_values(kind: str) -> st.SearchStrategy[Any]:
    """Return the strategy of values of a kind of message, such as ``scan``, in any version.

    Some have a few parts that are wrong.
    """
    names = [name for name in SCHEMAS if name.startswith(f"{kind}-")]
    valid = st.sampled_from(names).flatmap(_values_of_file)
    wrong = valid.flatmap(lambda value: mutated([value], HOSTILE))
    # Not "valid | wrong", which would be two choices beside others instead of one.
    return st.booleans().flatmap(lambda is_wrong: wrong if is_wrong else valid)


@cache
def _values_of_file(name: str) -> st.SearchStrategy[Any]:
    return values_of_schema(json.loads((_DIRECTORY / f"{name}.json").read_text()))


def values_of_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return the strategy of a schema of draft 2020-12, as far as the published ones use it."""
    definitions: dict[str, st.SearchStrategy[Any]] = {}

    def of(part: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in part:
            return reference(part["$ref"].rpartition("/")[2])
        for word in ("anyOf", "oneOf"):
            if word in part:
                return st.one_of([of(each) for each in part[word]])
        if "const" in part:
            return st.just(part["const"])
        if "enum" in part:
            return st.sampled_from(part["enum"])
        make = _MAKERS.get(part.get("type", ""))
        return HOSTILE if make is None else make(part, of)

    def reference(name: str) -> st.SearchStrategy[Any]:
        if name not in definitions:
            definitions[name] = st.deferred(lambda: of(schema["$defs"][name]))
        return definitions[name]

    return of(schema)


_Of = Callable[[dict[str, Any]], st.SearchStrategy[Any]]


def _integer(part: dict[str, Any], of: _Of) -> st.SearchStrategy[Any]:
    low, high = part.get("minimum"), part.get("maximum")
    return st.integers(low, high) | st.integers(
        low if low is not None else -5, high if high is not None else max(low or 0, 0) + 50
    )


def _number(part: dict[str, Any], of: _Of) -> st.SearchStrategy[Any]:
    return st.floats(
        part.get("minimum"),
        part.get("maximum", part.get("exclusiveMaximum")),
        exclude_max="exclusiveMaximum" in part,
        allow_nan=False,
        allow_infinity=False,
    )


def _string(part: dict[str, Any], of: _Of) -> st.SearchStrategy[Any]:
    least, most = part.get("minLength", 0), part.get("maxLength")
    if "pattern" in part:
        return st.from_regex(part["pattern"]).filter(lambda text: least <= len(text))
    return _NAMES.filter(lambda text: len(text) >= least) | st.text(
        min_size=least, max_size=8 if most is None else min(most, 8)
    )


def _array(part: dict[str, Any], of: _Of) -> st.SearchStrategy[Any]:
    first = [of(each) for each in part.get("prefixItems", ())]
    least = part.get("minItems", 0)
    if not first:
        most = part.get("maxItems", least + 3)
        return st.lists(of(part.get("items", {})), min_size=least, max_size=most)
    return st.integers(least, len(first)).flatmap(lambda size: st.tuples(*first[:size]).map(list))


def _object(part: dict[str, Any], of: _Of) -> st.SearchStrategy[Any]:
    fields = {name: of(each) for name, each in part.get("properties", {}).items()}
    required = {name: fields.get(name, HOSTILE) for name in part.get("required", ())}
    optional = {name: each for name, each in fields.items() if name not in required}
    known = st.fixed_dictionaries(required, optional=optional)
    more = part.get("additionalProperties")
    if not isinstance(more, dict):
        return known
    others = st.dictionaries(_NAMES, of(more), max_size=3)
    return st.tuples(others, known).map(lambda both: {**both[0], **both[1]})


_MAKERS: dict[str, Callable[[dict[str, Any], _Of], st.SearchStrategy[Any]]] = {
    "array": _array,
    "boolean": lambda part, of: st.booleans(),
    "integer": _integer,
    "null": lambda part, of: st.none(),
    "number": _number,
    "object": _object,
    "string": _string,
}
