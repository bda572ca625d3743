"""Configuration of the archiver, in both forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ska_sdp_lmc.ops.archiving.attributes import CLASSES, NOT_ARCHIVED, archived_attributes
from ska_sdp_lmc.runtime.attributes import BUILT_IN
from tests.archiving.program import document, printed

CONTROLLER = {
    "versionId",
    "State",
    "adminMode",
    "healthState",
    "components",
    "sdpVersion",
    "capacityBufferStorage",
}
SUBARRAY = {
    "versionId",
    "State",
    "adminMode",
    "healthState",
    "obsState",
    "resources",
    "ebID",
    "receiveAddresses",
    "scanType",
    "scanID",
    "errorMessages",
}
"""Attributes that a site archives."""

ARGUMENTS = ("--prefix", "mid", "--host", "databaseds.example:20000")


def in_form_1(names: set[str]) -> dict[str, Any]:
    return {name: {"code_push_event": True, "archive_strategy": "ALWAYS"} for name in names}


def in_form_2(device: str, names: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "trl": f"{device}/{name.lower()}",
            "es": "es1",
            "cm": "cm1",
            "th": "th1",
            "configuration": {"code_push_event": True, "archive_abs_change": 1}
            if name == "scanID"
            else {"code_push_event": True},
        }
        for name in names
    ]


def by_trl(attributes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(attributes, key=lambda each: str(each["trl"]))


@pytest.mark.parametrize("subarrays", [1, 2])
def test_form_1_has_the_attributes_of_each_class(subarrays: int) -> None:
    assert document("--form", "1", "--subarrays", str(subarrays), *ARGUMENTS) == {
        "db": "databaseds.example:20000",
        "manager": "mid-eda/cm/01",
        "archiver": "mid-eda/es/01",
        "configuration": [
            {"class": "SDPController", "attributes": in_form_1(CONTROLLER)},
            {"class": "SDPSubarray", "attributes": in_form_1(SUBARRAY)},
        ],
    }


@pytest.mark.parametrize("subarrays", [1, 2])
def test_form_2_has_each_attribute_of_each_device(subarrays: int) -> None:
    found = document("--form", "2", "--subarrays", str(subarrays), *ARGUMENTS)
    attributes = found.pop("attributes")
    assert found == {
        "tango_hosts": [{"th1": {"host": "databaseds.example", "port": 20000}}],
        "event_subscribers": [{"es1": {"trl": "mid-eda/es/01"}}],
        "configuration_managers": [{"cm1": {"trl": "mid-eda/cm/01"}}],
        "defaults": [{"th": "th1"}, {"cm": "cm1"}, {"es": "es1"}],
    }
    expected = in_form_2("mid-sdp/control/0", CONTROLLER)
    for number in range(1, subarrays + 1):
        expected += in_form_2(f"mid-sdp/subarray/{number:02d}", SUBARRAY)
    assert by_trl(attributes) == by_trl(expected)


def test_form_2_is_in_lower_case() -> None:
    found = document(
        *("--form", "2", "--host", "a", "--prefix", "Mid", "--manager", "A/B/C"),
        *("--archiver", "D/E/F"),
    )
    trls = [each["trl"] for each in found["attributes"]]
    assert [trl for trl in trls if trl != trl.lower()] == []
    assert {trl.partition("/")[0] for trl in trls} == {"mid-sdp"}
    assert found["configuration_managers"] == [{"cm1": {"trl": "a/b/c"}}]
    assert found["event_subscribers"] == [{"es1": {"trl": "d/e/f"}}]


def test_form_1_has_the_given_archiver() -> None:
    found = document("--form", "1", "--host", "a", "--manager", "A/B/C", "--archiver", "D/E/F")
    assert (found["db"], found["manager"], found["archiver"]) == ("a:10000", "A/B/C", "D/E/F")


@pytest.mark.parametrize("form", ["1", "2"])
def test_output_has_no_aliases_of_yaml(form: str) -> None:
    # PyYAML writes them for an object that occurs twice; not every reader knows them.
    assert "&id" not in printed("archiving", "--form", form, *ARGUMENTS)


def test_output_option_writes_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "archiving.yaml"
    arguments = ("--form", "2", *ARGUMENTS)
    assert printed("archiving", *arguments, "--output", str(file)) == ""
    assert file.read_text() == printed("archiving", *arguments)
    assert yaml.safe_load(file.read_text()) == document(*arguments)


def test_every_attribute_is_archived_or_has_a_reason() -> None:
    tables = {
        name: {row.name for row in (*BUILT_IN, *each.attributes)} for name, each in CLASSES.items()
    }
    for name, device_class in CLASSES.items():
        assert {*archived_attributes(device_class)} | {*NOT_ARCHIVED} >= tables[name]
    # No reason is left for an attribute that was removed.
    assert set(NOT_ARCHIVED) <= set().union(*tables.values())
