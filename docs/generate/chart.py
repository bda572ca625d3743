"""README of the Helm chart: the template with the table of values, in the format of helm-docs.

``python -m docs.generate.chart`` writes it. The template and the comments of the values follow
helm-docs' conventions, so that ``helm-docs --sort-values-order file`` writes the same table.
helm-docs itself is a program in Go, which the tests would have to download.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docs.generate.text import code, table

__all__ = ["CHART", "Value", "readme", "values"]

CHART = Path(__file__).parents[2] / "charts/ska-sdp-lmc"

_PLACE = '{{ template "chart.valuesTable" . }}'
_KEY = re.compile(r"(?P<indent> *)(?P<name>[A-Za-z_-]+):(?P<rest>.*)")
_COMMENT = re.compile(r" *# (?P<begins>-- )?(?P<text>.*)")
_STEP = 2
_TYPES = {bool: "bool", int: "int", float: "float", str: "string", list: "list", dict: "object"}


@dataclass(frozen=True)
class Value:
    """One value of the chart.

    Attributes:
        path: its full name, e.g. ``lmc.prefix``.
        default: its default.
        about: its description, MyST text.
    """

    path: str
    default: Any
    about: str


def readme() -> str:
    """Return the text of the README."""
    rows = [
        [value.path, _TYPES[type(value.default)], code(_json(value.default)), value.about]
        for value in values()
    ]
    text = (CHART / "README.md.gotmpl").read_text()
    return text.replace(_PLACE, table(["Key", "Type", "Default", "Description"], rows).strip())


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def values() -> Iterator[Value]:
    """Yield each value whose comment begins with ``--``, in the order of the file.

    Raises:
        ValueError: a described value is missing.
    """
    text = (CHART / "values.yaml").read_text()
    defaults = yaml.safe_load(text)
    path: list[str] = []
    about: list[str] = []
    for line in text.splitlines():
        if comment := _COMMENT.fullmatch(line):
            if comment["begins"] or about:
                about.append(comment["text"])
        elif key := _KEY.fullmatch(line):
            # Values below a described one are part of its default.
            path[len(key["indent"]) // _STEP :] = [key["name"]]
            if about:
                yield Value(".".join(path), _at(defaults, path), " ".join(about))
                about = []
        elif about:
            raise ValueError(f"No value in values.yaml follows the comment: {' '.join(about)}")


def _at(defaults: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = defaults
    for name in path:
        found = found[name]
    return found


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme())
