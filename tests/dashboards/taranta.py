"""Committed dashboards of Taranta, and what their widgets name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.docs.page import ROOT

DIRECTORY = ROOT / "dashboards/taranta"

SUBARRAYS = 2
"""Number of subarrays on the committed overview."""

DOCUMENTS: Mapping[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.wj"))
}
"""Committed dashboards by file name."""

SCHEME = "taranta://"


class NamedAttribute(NamedTuple):
    """Attribute that a widget names, in lower case, with its device and label."""

    widget: str
    device: str
    attribute: str
    label: str


def widgets(kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each widget of a type with its dashboard."""
    return [
        (document, widget)
        for document in DOCUMENTS.values()
        for widget in document["widget"]
        if widget["type"] == kind
    ]


def device_of(document: Mapping[str, Any], address: str) -> str:
    """Return the name of the device with an address: its own, or that of a variable."""
    name = address.removeprefix(SCHEME)
    variables = {each["name"]: str(each["device"]) for each in document["variables"]}
    return variables.get(name, name)


def devices() -> set[str]:
    """Return the names of all devices on the dashboards."""
    found = {
        device_of(document, widget["inputs"]["device"])
        for document, widget in widgets("DEVICE_STATUS")
    }
    return found | {each.device for each in attributes()} | {each[0] for each in commands()}


def attributes() -> Iterator[NamedAttribute]:
    """Yield the attributes of all widgets."""
    for document in DOCUMENTS.values():
        for widget in document["widget"]:
            inputs = widget["inputs"]
            named = [each["attribute"] for each in inputs.get("attributes", ())]
            named += [inputs["attribute"]] if "attribute" in inputs else []
            for each in named:
                device = device_of(document, each["device"])
                yield NamedAttribute(widget["type"], device, each["attribute"], each["label"])


def commands() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the device and the description of the command of each button."""
    for document, widget in widgets("COMMAND"):
        command = widget["inputs"]["command"]
        yield device_of(document, command["device"]), command
