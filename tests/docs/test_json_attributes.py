"""Examples of the JSON attributes against the values that the devices derive."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ska_sdp_config.lmc.derive import derive
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.system import System, derive_system
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from tests.docs.page import ROOT
from tests.model.worlds import NOON, SETTINGS, documents

PAGE = (ROOT / "docs/reference/devices.md").read_text()
EXAMPLES = dict(re.findall(r"^\| `(\w+)` \| `([{].*?[}])`", PAGE, re.MULTILINE))

COMPONENTS = ModelSettings(
    components=("proccontrol", "helmdeploy", "other"), storage_key="/resource/none"
)


def derived(obs_state: ObsState) -> dict[str, Any]:
    found = documents(obs_state)
    subarray = derive(Snapshot(1, "01", found), NOON, SETTINGS)
    controller = derive_system(System(1, found), COMPONENTS)
    return {
        row.name: row.value(view)
        for device, view in ((SDPSubarray, subarray), (SDPController, controller))
        for row in device.attributes
        if row.value is not None and isinstance(view, row.source)
    }


def keys_of_members(value: dict[str, Any]) -> set[str]:
    return {key for member in value.values() for key in member}


def test_page_has_an_example_of_every_json_attribute() -> None:
    values = derived(ObsState.SCANNING)
    is_json = {name for name, value in values.items() if str(value).startswith("{")}
    assert is_json == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_has_the_keys_of_the_value(name: str) -> None:
    example = json.loads(EXAMPLES[name])
    value = json.loads(derived(ObsState.SCANNING)[name])
    if name == "components":
        assert {each["status"] for each in example.values()} == {"ONLINE", "OFFLINE"}
        assert "status" in keys_of_members(value)
    elif name == "ebState":
        assert set(example) == set(value)
    elif name == "receiveAddresses":
        assert keys_of_members(example["science"]) == keys_of_members(value["science"])
    elif name not in ("resources", "errorMessages"):
        assert keys_of_members(example) == keys_of_members(value)
