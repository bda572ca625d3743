"""Dashboards of Taranta: files, form, and what they name on real devices."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import tango

from ska_sdp_lmc.devices.subarray import COMMANDS
from ska_sdp_sim.stack.local import LocalStack
from tests.archiving.program import invoke, printed
from tests.dashboards.taranta import (
    DIRECTORY,
    DOCUMENTS,
    SUBARRAYS,
    attributes,
    commands,
    devices,
    widgets,
)
from tests.support.schemas import draft_2020_12

SCHEMA = json.loads(Path(__file__).with_name("taranta.schema.json").read_text())

each_dashboard = pytest.mark.parametrize("name", DOCUMENTS)


# Files


def test_committed_files_are_those_of_the_command(tmp_path: Path) -> None:
    arguments = ("--subarrays", str(SUBARRAYS), "--output", str(tmp_path))
    names = [Path(line).name for line in printed("dashboard", *arguments).splitlines()]
    assert sorted(names) == sorted(DOCUMENTS) == ["sdp-overview.wj", "sdp-subarray.wj"]
    for name in names:
        assert (tmp_path / name).read_text() == (DIRECTORY / name).read_text(), (
            "run ska-sdp-lmc dashboard --subarrays 2 --output dashboards/taranta"
        )


@pytest.mark.parametrize("name", ["overview", "subarray"])
def test_named_dashboard_is_printed(name: str) -> None:
    document = json.loads(printed("dashboard", name, "--subarrays", str(SUBARRAYS)))
    assert document == DOCUMENTS[f"sdp-{name}.wj"]


def test_named_dashboard_alone_is_written(tmp_path: Path) -> None:
    printed("dashboard", "subarray", "--output", str(tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sdp-subarray.wj"]


def test_dashboards_are_for_the_prefix_and_the_number() -> None:
    overview = printed("dashboard", "overview", "--prefix", "mid", "--subarrays", "16")
    assert "test-sdp" not in overview
    assert "taranta://mid-sdp/control/0" in overview
    for number in range(1, 17):
        assert f"taranta://mid-sdp/subarray/{number:02d}" in overview
    assert "mid-sdp/subarray/01" in printed("dashboard", "subarray", "--prefix", "mid")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "Name a dashboard, overview or subarray, or give --output DIR."),
        (("other",), 2, "'other' is not one of 'overview', 'subarray'"),
        (("overview", "--subarrays", "0"), 1, "there can be 1 to 99 subarrays, not 0"),
        (("overview", "--prefix", "a/b"), 1, "prefix 'a/b' is invalid in a device name"),
        (("--output", "/dev/null/x"), 1, "cannot write /dev/null/x/sdp-overview.wj: Not a dir"),
    ],
)
def test_invalid_usage_is_rejected(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = invoke("dashboard", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


# Form


@pytest.mark.parametrize("count", [1, 2, 99])
@pytest.mark.parametrize("name", ["overview", "subarray"])
def test_dashboard_has_the_form_of_taranta(name: str, count: int) -> None:
    document = json.loads(printed("dashboard", name, "--subarrays", str(count)))
    assert [error.message for error in draft_2020_12(SCHEMA).iter_errors(document)] == []


@each_dashboard
def test_widgets_have_ids_and_places_of_their_own(name: str) -> None:
    found = DOCUMENTS[name]["widget"]
    assert len({widget["id"] for widget in found}) == len(found)
    for a, b in combinations(found, 2):
        is_beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        is_below = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
        assert is_beside or is_below, (a["id"], b["id"])


@each_dashboard
def test_rows_have_the_same_width(name: str) -> None:
    assert max(each["x"] + each["width"] for each in DOCUMENTS[name]["widget"]) == 161


# Content, on real devices


@pytest.fixture(scope="module")
def proxies(stack: LocalStack) -> dict[str, tango.DeviceProxy]:
    """Clients of the devices on the dashboards, by name."""
    database = stack.tango_db.tango_host
    return {name: tango.DeviceProxy(f"tango://{database}/{name}") for name in devices()}


def test_every_device_is_on_the_dashboards(proxies: dict[str, Any], stack: LocalStack) -> None:
    assert set(proxies) == {device for server in stack.servers for device in server.devices}
    for proxy in proxies.values():
        assert proxy.ping() >= 0


def test_attributes_exist_with_their_labels(proxies: dict[str, Any]) -> None:
    for named in attributes():
        config = proxies[named.device].get_attribute_config(named.attribute)
        assert (config.name.lower(), config.label) == (named.attribute, named.label), named


def test_widgets_suit_the_types_of_their_attributes(proxies: dict[str, Any]) -> None:
    for named in attributes():
        config = proxies[named.device].get_attribute_config(named.attribute)
        is_spectrum = config.data_format == tango.AttrDataFormat.SPECTRUM
        assert is_spectrum is (named.widget == "SPECTRUM_TABLE"), named
        if named.widget in ("TIMELINE", "LED_DISPLAY"):
            assert config.data_type == tango.CmdArgType.DevEnum, named


def test_lamps_are_red_in_the_state_of_a_failure(proxies: dict[str, Any]) -> None:
    found = set()
    for document, widget in widgets("LED_DISPLAY"):
        inputs = widget["inputs"]
        name = inputs["attribute"]["device"].rpartition("taranta://")[2]
        device = next((v["device"] for v in document["variables"] if v["name"] == name), name)
        config = proxies[device].get_attribute_config(inputs["attribute"]["attribute"])
        found.add((config.name, config.enum_labels[inputs["compare"]]))
    assert found == {("obsState", "FAULT"), ("healthState", "FAILED")}


def test_units_are_shown(proxies: dict[str, Any]) -> None:
    units = {
        named.attribute: proxies[named.device].get_attribute_config(named.attribute).unit
        for named in attributes()
    }
    assert {name: unit for name, unit in units.items() if unit} == {"capacitybufferstorage": "MB"}
    assert all(widget["inputs"]["showUnit"] for _, widget in widgets("ATTRIBUTE_DISPLAY"))


def test_commands_exist_with_their_types(proxies: dict[str, Any]) -> None:
    for device, named in commands():
        config = proxies[device].get_command_config(named["command"])
        assert named["acceptedType"] == str(config.in_type), named
        assert named["outtype"] == str(config.out_type), named
        assert named["intypedesc"] == config.in_type_desc, named
        assert named["outtypedesc"] == config.out_type_desc, named


def test_every_command_asks_for_a_confirmation() -> None:
    buttons = [widget["inputs"] for _, widget in widgets("COMMAND")]
    assert all(each["requireConfirmation"] for each in buttons)
    of_subarray = {each["command"]["command"] for each in buttons} - {"Standby"}
    assert of_subarray == set(COMMANDS)


def test_suggested_arguments_are_valid() -> None:
    suggested = {
        widget["inputs"]["buttonText"]: argument["value"]
        for _, widget in widgets("COMMAND")
        for argument in widget["inputs"]["commandArgs"]
    }
    assert set(suggested) == {"Configure", "Scan", "ReleaseResources"}
    for name, text in suggested.items():
        parse = COMMANDS[name].parse
        assert parse is not None
        parse(text, 2)


def test_variables_have_the_class_of_their_devices(proxies: dict[str, Any]) -> None:
    found = [each for document in DOCUMENTS.values() for each in document["variables"]]
    assert found
    for variable in found:
        assert proxies[variable["device"]].info().dev_class == variable["class"]
    picked = [widget["inputs"]["variable"] for _, widget in widgets("PARAMETRIC_WIDGET")]
    assert picked == [variable["name"] for variable in found]
