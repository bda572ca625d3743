"""Tables of the fields of each message version, with an example each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.generate.schemas import MESSAGES, schema
from docs.generate.text import code, table

from ska_sdp_config.lmc.schema.versions import KNOWN, Version
from ska_sdp_lmc.messages.examples import example

__all__ = ["EXAMPLES", "fields", "short_example"]

EXAMPLES = Path(__file__).parents[1] / "reference/examples"
"""Short examples of the messages whose complete ones are long."""

_ADDRESSES = "addresses of the scan type with this ID, by beam ID from 0.4 on"

_BOUNDS = {"minimum": "≥", "maximum": "≤", "exclusiveMaximum": "<"}


def fields() -> str:
    """Write tables of the fields of each message and an example, for each range of versions."""
    parts = []
    for title, name in MESSAGES.items():
        for versions, document in _groups(name):
            first, last = versions[0], versions[-1]
            label = f"{first}" if first == last else f"{first} to {last}"
            parts += [f"### {title}, schema {label}", *_sections(document)]
            parts.append(f"Example:\n\n```json\n{short_example(name, first).strip()}\n```")
    return "\n\n".join(parts) + "\n"


def short_example(name: str, version: Version) -> str:
    """Return the JSON text of a short message with most fields.

    Args:
        name: name in interfaces, such as ``assignres``.
        version: the first version with this form.
    """
    path = EXAMPLES / f"{name}-{version}.json"
    return path.read_text() if path.exists() else example(f"{name}-{version}")


def _groups(name: str) -> Iterator[tuple[list[Version], Mapping[str, Any]]]:
    groups: list[tuple[list[Version], Mapping[str, Any]]] = []
    for version in KNOWN:
        document = schema(name, version)
        # These differ in every version.
        for key in ("$id", "title"):
            del document[key]
        del document["properties"]["interface"]["pattern"]
        if groups and groups[-1][1] == document:
            groups[-1][0].append(version)
        else:
            groups.append(([version], document))
    yield from groups


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    for name, part in [("", document), *sorted(document.get("$defs", {}).items())]:
        about = part.get("description", "").split("\n\n")[0]
        yield f"{f'**{name}**: ' if name else ''}{about}".replace("``", "`")
        required = part.get("required", ())
        rows = [
            [
                code(key),
                "yes" if key in required else "no",
                _type(value),
                value.get("description", ""),
            ]
            for key, value in part.get("properties", {}).items()
        ]
        if isinstance(others := part.get("additionalProperties"), dict):
            rows.append(["any other key", "no", _type(others), _ADDRESSES])
        yield table(["field", "required", "type", "meaning"], rows)


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if choices := value.get("oneOf") or value.get("anyOf"):
        return " or ".join(_type(choice) for choice in choices)
    if "enum" in value:
        return "one of " + ", ".join(code(each) for each in value["enum"])
    kind = value.get("type", "any value")
    if "prefixItems" in value:
        return f"[{', '.join(each['title'] for each in value['prefixItems'])}]"
    if kind == "array":
        items = _type(value["items"]) if value.get("items") else "any value"
        if value.get("maxItems") == 2:
            return f"[{items}, {items}]"
        return f"{'not empty ' if value.get('minItems') else ''}array of {items}"
    if kind == "object":
        others = value.get("additionalProperties")
        return f"object of {_type(others)} by key" if isinstance(others, dict) else "object"
    limits = [f"{sign} {value[key]}" for key, sign in _BOUNDS.items() if key in value]
    # A word in any case of letters is named by the meaning.
    if "pattern" in value and not re.search(r"\[([a-z])[A-Z]\]", value["pattern"]):
        limits.append(code(value["pattern"].removeprefix("^(").removesuffix(")$")))
    if "maxLength" in value:
        limits.append(f"at most {value['maxLength']} characters")
    return ("not empty " if value.get("minLength") else "") + ", ".join([kind, *limits])
