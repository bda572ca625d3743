"""Parser of AssignResources."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ska_sdp_lmc.messages import AssignResources, MessageError, Resources, parse_assign_resources

from .small import ASSIGN_02, ASSIGN_04, REMOVE, WINDOW, block_of, changed, faults_of


def _parse(message: dict[str, Any], strictness: int = 2) -> AssignResources:
    return parse_assign_resources(json.dumps(message), strictness).message


def test_schema_04_is_kept_and_completed() -> None:
    message = _parse(ASSIGN_04)
    assert message.transaction_id == "txn-unit-20260301-7"
    assert message.resources == Resources((1, 2), ("A", "B"), 2)
    assert message.execution_block == ASSIGN_04["execution_block"]
    first, second = ASSIGN_04["processing_blocks"]
    assert message.processing_blocks == [{**first, "parameters": {}, "dependencies": []}, second]


@pytest.mark.parametrize("version", ["0.5", "1.0", "1.1", "1.2", "2.0", "2.1"])
def test_later_versions_read_as_04(version: str) -> None:
    later = copy.deepcopy(ASSIGN_04)
    later["interface"] = later["interface"].replace("0.4", version)
    if version != "0.5":
        del later["execution_block"]["fields"], later["execution_block"]["scan_types"][1]["beams"]
        later["execution_block"]["scan_types"][1]["beams"] = {}
    message = _parse(later)
    assert message.execution_block == {"fields": [], **later["execution_block"]}


def test_absent_parts_are_empty() -> None:
    block = {"eb_id": "eb-unit-20260301-00001", "max_length": 1}
    parts: dict[str, Any] = {"beams": [], "scan_types": [], "channels": []}
    # Strict reading rejects an execution block without scan types.
    message = _parse({"execution_block": {**block, **parts}, "resources": {}}, 1)
    assert message == AssignResources(
        None, Resources(), {**block, **parts, "context": {}, "polarisations": [], "fields": []}, []
    )


def test_unknown_keys_are_kept() -> None:
    given = copy.deepcopy(ASSIGN_04)
    given["interface"] = given["interface"].replace("0.4", "2.1")
    block = given["execution_block"]
    del block["fields"]
    for place in (block, block["beams"][0], block["scan_types"][0], block["channels"][0]):
        place["note"] = {"new": True}
    given["processing_blocks"][1]["note"] = "kept"
    given["resources"]["stations"] = [3, 4]
    parsed = parse_assign_resources(json.dumps(given))
    assert len([warning for warning in parsed.warnings if "is not a key" in warning]) == 6
    assert parsed.message.execution_block == {**block, "fields": []}
    assert parsed.message.processing_blocks[1] == given["processing_blocks"][1]
    assert parsed.message.resources is not None
    assert parsed.message.resources.extra == {"stations": [3, 4]}


def test_script_is_reduced_to_its_key() -> None:
    text = changed(ASSIGN_04, "processing_blocks", 0, "script", "image", to="x")
    parsed = parse_assign_resources(text)
    script = {"kind": "realtime", "name": "unit-receive", "version": "1.0.0"}
    assert parsed.message.processing_blocks[0]["script"] == script
    assert parsed.warnings == ("$.processing_blocks[0].script.image: is not a key of this schema",)


@pytest.mark.parametrize("alone", ["resources", "processing_blocks", "execution_block"])
def test_message_of_one_part_is_accepted(alone: str) -> None:
    message = _parse({alone: ASSIGN_04[alone]})
    assert (message.resources is not None) is (alone == "resources")
    assert bool(message.processing_blocks) is (alone == "processing_blocks")
    assert (message.execution_block is not None) is (alone == "execution_block")


@pytest.mark.parametrize("parts", [{}, {"processing_blocks": []}, {"transaction_id": "txn-a-1-b"}])
def test_message_without_parts_is_rejected(parts: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match=r"\$: has no execution_block, no processing_blocks"):
        _parse(parts, 0)


def test_added_processing_block_may_depend_on_existing_block() -> None:
    blocks = ASSIGN_04["processing_blocks"][1:]
    assert _parse({"processing_blocks": blocks}).processing_blocks == blocks


def test_repeated_processing_block_is_accepted() -> None:
    blocks = ASSIGN_04["processing_blocks"][:1] * 2
    assert len(_parse({"processing_blocks": blocks}).processing_blocks) == 2


@pytest.mark.parametrize(
    ("to", "kept"), [("txn-x-20260301-a", "txn-x-20260301-a"), ("me", "me"), ("", None)]
)
def test_transaction_id_is_kept_unless_empty(to: str, kept: str | None) -> None:
    text = changed(ASSIGN_04, "transaction_id", to=to)
    assert parse_assign_resources(text).message.transaction_id == kept


def test_flat_message_is_converted() -> None:
    message = _parse(ASSIGN_02)
    block = block_of(message)
    (channels,) = block["channels"]
    (field,) = block["fields"]
    assert channels["spectral_windows"] == [
        {"spectral_window_id": "window_0", **WINDOW},
        {"spectral_window_id": "window_1", **WINDOW, "start": 400, "stride": 2},
    ]
    assert field["phase_dir"] == {
        "ra": [15.0],
        "dec": [-0.5],
        "reference_time": "...",
        "reference_frame": "ICRS",
    }
    use = {"channels_id": channels["channels_id"]}
    assert block == {
        "eb_id": "eb-unit-20260301-00002",
        "max_length": 60.0,
        "context": {},
        "beams": [{"beam_id": "vis0", "function": "visibilities"}],
        "scan_types": [
            {
                "scan_type_id": "look",
                "beams": {"vis0": {**use, "field_id": field["field_id"]}},
            },
            {"scan_type_id": "drift", "beams": {"vis0": use}},
        ],
        "channels": [channels],
        "polarisations": [],
        "fields": [field],
    }
    assert message.resources is None
    assert message.processing_blocks == [
        {
            "pb_id": "pb-unit-20260301-00003",
            "script": {"kind": "realtime", "name": "unit_receive", "version": "0.1.0"},
            "parameters": {},
            "dependencies": [],
        },
        {
            "pb_id": "pb-unit-20260301-00004",
            "script": {"kind": "batch", "name": "unit_image", "version": "0.1.0"},
            "parameters": {"size": 512},
            "dependencies": [{"pb_id": "pb-unit-20260301-00003", "kind": ["visibilities"]}],
        },
    ]


def test_different_channels_have_different_ids() -> None:
    text = changed(ASSIGN_02, "scan_types", 1, "channels", 0, "count", to=61)
    block = block_of(parse_assign_resources(text, 2).message)
    first, second = block["channels"]
    assert first["channels_id"] != second["channels_id"]
    uses = [scan_type["beams"]["vis0"]["channels_id"] for scan_type in block["scan_types"]]
    assert uses == [first["channels_id"], second["channels_id"]]


@pytest.mark.parametrize(
    ("direction", "degrees"),
    [
        ({"ra": "00:00:00", "dec": "00:00:00"}, (0, 0)),
        ({"ra": "23:59:59.9999", "dec": "+89:59:59"}, (359.9999995833, 89.9997222222)),
        ({"ra": "5:6:7.", "dec": "-00:00:36"}, (76.5291666667, -0.01)),
        ({"ra": "12:00:00", "dec": "-90:00:00", "coordinate_system": "fk5"}, (180, -90)),
    ],
)
def test_valid_flat_direction_becomes_field(
    direction: dict[str, str], degrees: tuple[float, float]
) -> None:
    scan_type = {"coordinate_system": "ICRS", **direction, "id": "there", "channels": [WINDOW]}
    block = block_of(_parse({**ASSIGN_02, "scan_types": [scan_type]}))
    phase_dir = block["fields"][0]["phase_dir"]
    assert (phase_dir["ra"][0], phase_dir["dec"][0]) == degrees
    assert phase_dir["reference_frame"] == scan_type["coordinate_system"]


@pytest.mark.parametrize(
    "direction",
    [
        {"ra": "24:00:01", "dec": "00:00:00"},
        {"ra": "12:00:00", "dec": "90:00:01"},
        {"ra": "-01:00:00", "dec": "00:00:00"},
        {"ra": "12:60:00", "dec": "00:00:00"},
        {"ra": "12h30m", "dec": "00:00:00"},
        {"ra": "12:00:00"},
        {"dec": "12:00:00"},
        {"ra": "12:00:00", "dec": "12:00:00", "coordinate_system": "GALACTIC"},
    ],
)
def test_invalid_flat_direction_stays_in_scan_type(direction: dict[str, str]) -> None:
    scan_type = {"coordinate_system": "ICRS", **direction, "id": "there", "channels": [WINDOW]}
    text = json.dumps({**ASSIGN_02, "scan_types": [scan_type]})
    parsed = parse_assign_resources(text)
    assert [warning.partition(":")[0] for warning in parsed.warnings] == ["$.scan_types[0]"]
    block = block_of(parsed.message)
    assert block["fields"] == []
    kept = block["scan_types"][0]
    assert "field_id" not in kept["beams"]["vis0"]
    expected = {**direction, "reference_frame": scan_type["coordinate_system"]}
    expected.pop("coordinate_system", None)
    assert {key: kept[key] for key in expected} == expected
    with pytest.raises(MessageError, match=r"\$\.scan_types\[0\]: has no ra in hours"):
        parse_assign_resources(text, 2)


def test_direction_without_a_frame_is_read_as_icrs() -> None:
    text = changed(ASSIGN_02, "scan_types", 0, "coordinate_system", to=REMOVE)
    parsed = parse_assign_resources(text)
    assert parsed.warnings == ("$.scan_types[0]: has ra and dec without a frame, read as ICRS",)
    assert parsed.message == _parse(ASSIGN_02)


def test_subbands_become_channels() -> None:
    subbands = [{"nchan": 9, "freq_min": 1, "freq_max": 2.5, "input_link_map": [[4, 0], [8, 1]]}]
    scan_types = [{"id": "old", "subbands": subbands}, {"id": "odd", "subbands": subbands[:0]}]
    parsed = parse_assign_resources(json.dumps({**ASSIGN_02, "scan_types": scan_types[:1]}))
    assert parsed.warnings == (
        "$.scan_types[0].subbands: is older than schema 0.1, read as channels",
    )
    block = block_of(parsed.message)
    window = {"count": 9, "start": 4, "freq_min": 1, "freq_max": 2.5, "link_map": [[4, 0], [8, 1]]}
    assert block["channels"][0]["spectral_windows"] == [
        {"spectral_window_id": "window_0", **window}
    ]
    assert "subbands" not in block["scan_types"][0]
    with pytest.raises(MessageError, match=r"\$\.scan_types\[1\]\.channels: field required"):
        parse_assign_resources(json.dumps({**ASSIGN_02, "scan_types": scan_types}))


@pytest.mark.parametrize("key", ["id", "max_length", "scan_types", "processing_blocks"])
def test_flat_message_requires_key(key: str) -> None:
    with pytest.raises(MessageError, match=rf"\$\.{key}: field required"):
        parse_assign_resources(changed(ASSIGN_02, key, to=REMOVE))


@pytest.mark.parametrize("key", ["scan_types", "processing_blocks"])
def test_empty_list_in_flat_message_is_rejected(key: str) -> None:
    with pytest.raises(MessageError, match=rf"\$\.{key}: should have at least 1 item, not 0"):
        parse_assign_resources(changed(ASSIGN_02, key, to=[]), 0)


def test_faults_of_flat_message_have_paths_of_its_version() -> None:
    message = copy.deepcopy(ASSIGN_02)
    message["scan_types"][1]["id"] = "look"
    message["processing_blocks"][0]["workflow"]["type"] = "live"
    message["processing_blocks"][1]["dependencies"][0]["type"] = [1]
    faults = faults_of(parse_assign_resources, json.dumps(message), 2)
    assert faults == (
        "$.processing_blocks[0].workflow.type: should be 'realtime' or 'batch', not \"live\"",
        "$.processing_blocks[1].dependencies[0].type[0]: should be a string, not 1",
        '$.scan_types[1]: has the id "look" of one before it',
    )


def test_unknown_keys_of_flat_message_are_kept_unless_schema_04_has_them() -> None:
    message = copy.deepcopy(ASSIGN_02)
    message["scan_types"][1] |= {"target": "sky", "derive_from": "look", "beams": 1}
    message["processing_blocks"][0] |= {"colour": "red", "script": 5, "sbi_ids": 6}
    parsed = parse_assign_resources(json.dumps(message))
    block = block_of(parsed.message)
    assert set(block["scan_types"][1]) == {"scan_type_id", "beams", "target"}
    first = parsed.message.processing_blocks[0]
    assert set(first) == {"pb_id", "script", "parameters", "dependencies", "colour"}


def test_strictness_0_keeps_invalid_data_that_no_command_needs() -> None:
    message = copy.deepcopy(ASSIGN_02)
    del message["max_length"], message["scan_types"][0]["channels"]
    message["scan_types"][1]["channels"] = [{"count": "many"}]
    del message["processing_blocks"][0]["parameters"]
    parsed = parse_assign_resources(json.dumps(message), 0)
    assert {warning.partition(":")[0] for warning in parsed.warnings} == {
        "$.max_length",
        "$.scan_types[0].channels",
        "$.scan_types[1].channels[0].count",
        "$.scan_types[1].channels[0].start",
        "$.scan_types[1].channels[0].freq_min",
        "$.scan_types[1].channels[0].freq_max",
        "$.processing_blocks[0].parameters",
    }
    block = block_of(parsed.message)
    assert "max_length" not in block
    assert set(block["scan_types"][0]["beams"]["vis0"]) == {"field_id"}
    assert block["channels"][0]["spectral_windows"][0]["count"] == "many"
    assert parsed.message.processing_blocks[0]["parameters"] == {}
