"""Schema version of a message."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ska_sdp_config.lmc.schema.versions import KNOWN, Version, read_interface
from ska_sdp_lmc.messages import MessageError, parse_assign_resources, parse_scan

from .small import ASSIGN_02, ASSIGN_04, REMOVE, changed, faults_of

BASES = ("https://schema.skao.int/ska-sdp-", "https://schema.skatelescope.org/ska-sdp-")


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("schema", ["assignres", "releaseres", "configure", "scan", "recvaddrs"])
@pytest.mark.parametrize(
    "version", ["0.1", "0.2", "0.3", "0.4", "0.5", "1.0", "1.1", "1.2", "2.0", "2.1"]
)
def test_known_version_is_read(base: str, schema: str, version: str) -> None:
    found, issues = read_interface({"interface": f"{base}{schema}/{version}"}, schema)
    assert str(found) == version
    assert issues == ()
    assert found in KNOWN


@pytest.mark.parametrize(
    ("version", "newest"), [("0.0", (0, 5)), ("0.6", (0, 5)), ("1.10", (1, 2)), ("2.7", (2, 1))]
)
def test_unknown_minor_version_is_read_as_newest_known(version: str, newest: Any) -> None:
    interface = f"https://schema.skao.int/ska-sdp-scan/{version}"
    for strictness in (0, 1, 2):
        parsed = parse_scan(json.dumps({"interface": interface, "scan_id": 3}), strictness)
        known = f"{newest[0]}.{newest[1]}"
        assert parsed.warnings == (
            f"$.interface: version {version} is not known, read as {known}",
        )
    assert read_interface({"interface": interface}, "scan")[0] == Version(*newest)


@pytest.mark.parametrize(
    ("interface", "fault"),
    [
        ("https://schema.skao.int/ska-sdp-scan/3.0", "major version 3 is not known, known are"),
        ("https://schema.skao.int/ska-sdp-scan/99.1", "major version 99 is not known"),
        ("https://schema.skao.int/ska-sdp-assignres/0.4", "should be of ska-sdp-scan, not of"),
        ("https://schema.skao.int/ska-sdp-recvaddrs/0.4", "not of ska-sdp-recvaddrs"),
        ("https://schema.skao.int/ska-csp-scan/0.4", "should be https://schema.skao.int/ska-sdp"),
        ("http://schema.skao.int/ska-sdp-scan/0.4", "should be https://"),
        ("https://schema.skao.int/ska-sdp-scan/0.4\n", "should be https://"),
        ("https://schema.skao.int/ska-sdp-scan/0.04", "should be https://"),
        ("https://schema.skao.int/ska-sdp-scan/\u0660.\u0664", "should be https://"),
        ("https://schema.skao.int/ska-sdp-scan/0", "should be https://"),
        ("https://schema.skao.int/ska-sdp-scan/" + "9" * 5000 + ".1", "should be https://"),
        ("", "should be https://"),
        (0.4, "should be .*, not 0.4"),
        (None, "should be .*, not null"),
        (["0.4"], "should be .*, not a list"),
    ],
)
@pytest.mark.parametrize("strictness", [0, 1, 2])
def test_unknown_interface_is_rejected(interface: object, fault: str, strictness: int) -> None:
    # The invalid scan ID is not reported: without interface, the schema is unknown.
    with pytest.raises(MessageError, match=fault) as caught:
        parse_scan(json.dumps({"interface": interface, "scan_id": "x"}), strictness)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith("$.interface: ")
    assert len(str(caught.value)) < 400


def _flat_03() -> dict[str, Any]:
    message = copy.deepcopy(ASSIGN_02)
    message["eb_id"] = message.pop("id")
    for scan_type in message["scan_types"]:
        scan_type["scan_type_id"] = scan_type.pop("id")
        if "coordinate_system" in scan_type:
            scan_type["reference_frame"] = scan_type.pop("coordinate_system")
    for block in message["processing_blocks"]:
        block["pb_id"] = block.pop("id")
        workflow = block["workflow"]
        workflow["kind"], workflow["name"] = workflow.pop("type"), workflow.pop("id")
        for dependency in block.get("dependencies", []):
            dependency["kind"] = dependency.pop("type")
    message["interface"] = message["interface"].replace("0.2", "0.3")
    return message


@pytest.mark.parametrize("message", [ASSIGN_02, _flat_03(), ASSIGN_04], ids=["0.2", "0.3", "0.4"])
def test_version_without_interface_is_inferred_from_keys(message: dict[str, Any]) -> None:
    with_interface = parse_assign_resources(json.dumps(message), 2)
    assert parse_assign_resources(changed(message, "interface", to=REMOVE), 2) == with_interface


def test_schemas_02_and_03_convert_to_the_same_message() -> None:
    assert (
        parse_assign_resources(json.dumps(_flat_03()), 2).message
        == parse_assign_resources(json.dumps(ASSIGN_02), 2).message
    )


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (ASSIGN_02, {"$.id"}),
        (_flat_03(), {"$.eb_id"}),
    ],
)
def test_missing_id_does_not_change_inferred_version(
    message: dict[str, Any], wrong: set[str]
) -> None:
    message = {key: value for key, value in message.items() if key not in ("id", "eb_id")}
    faults = faults_of(parse_assign_resources, changed(message, "interface", to=REMOVE))
    assert {fault.partition(":")[0] for fault in faults} == wrong


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_nested_message_with_flat_version_is_rejected(version: str) -> None:
    text = json.dumps(ASSIGN_04).replace("assignres/0.4", f"assignres/{version}")
    with pytest.raises(MessageError, match=r"\$\.scan_types: field required"):
        parse_assign_resources(text)


def test_flat_message_with_nested_version_is_rejected() -> None:
    text = json.dumps(ASSIGN_02).replace("assignres/0.2", "assignres/0.4")
    with pytest.raises(MessageError, match=r"\$\.processing_blocks\[0\]\.script: field required"):
        parse_assign_resources(text)
