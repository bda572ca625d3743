"""Widgets of Taranta.

Taranta is another project. Keep all knowledge of its widgets in this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ska_sdp_lmc.ops.dashboards.target import Target

__all__ = [
    "Widget",
    "button",
    "heading",
    "lamp",
    "lines",
    "picker",
    "state",
    "text",
    "time_line",
    "value",
]

BLACK, WHITE, GREY, BLUE = "#000000", "#ffffff", "#dcdcdc", "#204a87"
_STYLE = {"textColor": BLACK, "backgroundColor": WHITE, "size": 1, "font": "Helvetica"}


@dataclass(frozen=True, slots=True)
class Widget:
    """Widget without its place.

    Attributes:
        type: Taranta's name of its type.
        inputs: its settings.
    """

    type: str
    inputs: Mapping[str, Any]


def text(words: str, *, size: float = 1, color: str = BLACK, background: str = WHITE) -> Widget:
    """Return a text."""
    inputs = {
        "text": words,
        "textColor": color,
        "backgroundColor": background,
        "size": size,
        "borderWidth": 0,
        "borderColor": BLACK,
        "font": "Helvetica",
        "linkTo": "",
        "customCss": "",
        "automaticResize": "Disabled",
    }
    return Widget("LABEL", inputs)


def heading(words: str, *, size: float = 1.2) -> Widget:
    """Return a heading, white on blue."""
    return text(words, size=size, color=WHITE, background=BLUE)


def state(target: Target, *, with_name: bool = False) -> Widget:
    """Return the State of a device, as a word and a lamp."""
    inputs = {
        "device": target.address,
        "state": {"device": None, "attribute": None},
        "showDeviceName": with_name,
        "showTangoDB": False,
        "showStateString": True,
        "showStateLED": True,
        "LEDSize": 1,
        "textColor": BLACK,
        "backgroundColor": WHITE,
        "textSize": 1,
        "widgetCss": "",
        "linkTo": "",
    }
    return Widget("DEVICE_STATUS", inputs)


def value(target: Target, name: str, *, with_label: bool = True) -> Widget:
    """Return the value of an attribute; a JSON text as a tree, an enumeration by its label."""
    inputs = {
        "attribute": target.attribute(name),
        "precision": 0,
        "format": "",
        "showDevice": False,
        "showTangoDB": False,
        "showAttribute": "Label" if with_label else "None",
        "alignTextCenter": False,
        "alignValueRight": with_label,
        "scientificNotation": False,
        "showEnumLabels": True,
        "showAttrQuality": False,
        "showUnit": True,
        "jsonCollapsed": False,
        **_STYLE,
        "widgetCss": "",
    }
    return Widget("ATTRIBUTE_DISPLAY", inputs)


def lines(target: Target, name: str) -> Widget:
    """Return the elements of an attribute, one a line."""
    inputs = {
        "attribute": target.attribute(name),
        "precision": 0,
        "layout": "vertical",
        "showDevice": False,
        "showTangoDB": False,
        "showAttribute": "Label",
        "showIndex": False,
        "showLabel": True,
        "fontSize": 14,
        "customCss": "",
        "showSpecificIndexValue": "",
    }
    return Widget("SPECTRUM_TABLE", inputs)


def lamp(target: Target, name: str, bad: IntEnum) -> Widget:
    """Return a lamp that is red while an attribute has a value, else grey."""
    inputs = {
        "attribute": target.attribute(name),
        "relation": "=",
        "compare": int(bad),
        "trueColor": "#cc0000",
        "falseColor": GREY,
        "ledSize": 1,
        "textSize": 1,
        "showAttributeValue": False,
        "showDeviceName": False,
        "showTangoDB": False,
        "showAttribute": "None",
        "alignTextCenter": True,
        "alignValueRight": False,
        "customCss": "",
    }
    return Widget("LED_DISPLAY", inputs)


def time_line(targets: Sequence[Target], names: Sequence[str], seconds: int) -> Widget:
    """Return the course of attributes of each device, for the last seconds."""
    attributes = [
        {
            "attribute": target.attribute(name),
            "yAxisDisplay": "Label",
            "showAttribute": "Label",
            "yAxis": "left",
        }
        for target in targets
        for name in names
    ]
    inputs = {
        "timeWindow": seconds,
        "overflow": False,
        "groupAttributes": False,
        "showTangoDB": False,
        "legendPosition": "Top",
        "attributes": attributes,
    }
    return Widget("TIMELINE", inputs)


def button(target: Target, name: str, argument: str | None = None) -> Widget:
    """Return a button that sends a command after a confirmation, and shows its error.

    Args:
        target: the device.
        name: name of the command.
        argument: suggested argument; None for none.
    """
    suggested = [{"name": "example", "value": argument, "isDefault": True}]
    inputs = {
        "title": "",
        "buttonText": name,
        "command": target.command(name),
        "commandArgs": [] if argument is None else suggested,
        "showDevice": False,
        "showTangoDB": False,
        "showCommand": False,
        "requireConfirmation": True,
        "displayOutput": True,
        "alignButtonRight": False,
        "placeholder": "intype",
        "btnCss": "",
        **_STYLE,
        "widgetCss": "",
    }
    return Widget("COMMAND", inputs)


def picker(title: str, variable: str) -> Widget:
    """Return a list in which the user picks the device of a variable."""
    return Widget("PARAMETRIC_WIDGET", {"name": title, "variable": variable})
