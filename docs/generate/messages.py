"""Example messages, and tables of the fields of each version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.schemas import MESSAGES, schema
from docs.generate.text import code, table

from ska_sdp_config.lmc.schema.versions import KNOWN, Version
from ska_sdp_lmc.messages.examples import example

__all__ = ["fields", "newest"]

_BOUNDS = {"minimum": "≥", "maximum": "≤", "exclusiveMaximum": "<"}


def newest() -> str:
    """Write an example of each schema in its newest version."""
    return "\n".join(
        f"### {name} example\n\n```json\n{example(f'{schema}-{max(KNOWN)}').strip()}\n```\n"
        for name, schema in MESSAGES.items()
    )


def fields() -> str:
    """Write tables of the fields of each message, one group per range of equal versions."""
    parts = []
    for title, name in MESSAGES.items():
        for versions, document in _groups(name):
            first, last = versions[0], versions[-1]
            label = f"{first}" if first == last else f"{first} to {last}"
            parts += [f"### {title}, schema {label}", *_sections(document)]
    return "\n\n".join(parts) + "\n"


def _groups(name: str) -> Iterator[tuple[list[Version], Mapping[str, Any]]]:
    groups: list[tuple[list[Version], Mapping[str, Any]]] = []
    for version in KNOWN:
        document = schema(name, version)
        # These differ in every version.
        for key in ("$id", "title"):
            del document[key]
        document["properties"]["interface"] = {"type": "string"}
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
            [code(key), "yes" if key in required else "no", _type(value)]
            for key, value in part.get("properties", {}).items()
        ]
        if isinstance(others := part.get("additionalProperties"), dict):
            rows.append(["any other key", "no", _type(others)])
        yield table(["field", "required", "type"], rows)


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
        return f"array of {_type(value['items']) if value.get('items') else 'any value'}" + (
            ", not empty" if value.get("minItems") == 1 else ""
        )
    if kind == "object":
        others = value.get("additionalProperties")
        return f"object of {_type(others)} by key" if isinstance(others, dict) else "object"
    limits = [f"{sign} {value[key]}" for key, sign in _BOUNDS.items() if key in value]
    if value.get("minLength") == 1:
        limits.append("not empty")
    if "pattern" in value:
        limits.append(code(value["pattern"]))
    return ", ".join([kind, *limits])
