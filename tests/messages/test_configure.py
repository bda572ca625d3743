"""Parser of Configure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_lmc.messages import (
    Configure,
    MessageError,
    parse_assign_resources,
    parse_configure,
)

from .small import ASSIGN_02, WINDOW, block_of, faults_of

FLAT_02 = {**ASSIGN_02["scan_types"][0], "id": "flat"}
FLAT_03 = {
    "scan_type_id": "flat",
    "reference_frame": FLAT_02["coordinate_system"],
    **{key: FLAT_02[key] for key in ("ra", "dec", "channels")},
}
NESTED = {"scan_type_id": "deep", "derive_from": ".base", "beams": {"sky": {"field_id": "f"}}}


def _text(*new: Any, version: str | None = None, **more: Any) -> str:
    message = {"scan_type": "look", "new_scan_types": list(new), **more}
    if version is not None:
        message["interface"] = f"https://schema.skao.int/ska-sdp-configure/{version}"
    return json.dumps(message)


def test_message_with_scan_type_only_is_accepted() -> None:
    text = json.dumps({"scan_type": "a b", "transaction_id": "txn-unit-20260301-1"})
    assert parse_configure(text, 2).message == Configure(
        "a b", [], [], [], [], transaction_id="txn-unit-20260301-1"
    )


@pytest.mark.parametrize(
    ("version", "new"),
    [
        (None, FLAT_02),
        (None, FLAT_03),
        ("0.1", FLAT_02),
        ("0.2", FLAT_02),
        ("0.3", FLAT_03),
        *((version, flat) for version in ("0.4", "1.0", "2.1") for flat in (FLAT_02, FLAT_03)),
    ],
)
def test_flat_scan_type_adds_its_definitions(version: str | None, new: Any) -> None:
    message = parse_configure(_text(new, version=version), 2).message
    block = block_of(parse_assign_resources(json.dumps(ASSIGN_02)).message)
    # The same channels and direction as in an assignment have the same ids.
    assert message.new_channels == block["channels"]
    assert message.new_fields == block["fields"]
    assert message.new_beams == block["beams"]
    assert message.new_scan_types == [{**block["scan_types"][0], "scan_type_id": "flat"}]


@pytest.mark.parametrize("version", [None, "0.4", "0.5", "1.0", "1.2", "2.0", "2.1"])
def test_nested_scan_types_are_kept(version: str | None) -> None:
    message = parse_configure(_text(NESTED, version=version), 2).message
    assert message == Configure("look", [NESTED], [], [], [])


def test_scan_types_of_both_forms_keep_their_order() -> None:
    other = {**FLAT_03, "scan_type_id": "flat-too"}
    message = parse_configure(_text(FLAT_02, NESTED, other), 2).message
    names = [scan_type["scan_type_id"] for scan_type in message.new_scan_types]
    assert names == ["flat", "deep", "flat-too"]
    assert len(message.new_channels) == 1


@pytest.mark.parametrize(
    ("version", "new", "place"),
    [
        ("0.2", FLAT_03, r"\$\.new_scan_types\[0\]\.id: field required"),
        ("0.3", FLAT_02, r"\$\.new_scan_types\[0\]\.scan_type_id: field required"),
        ("0.3", NESTED, r"\$\.new_scan_types\[0\]\.channels: field required"),
        ("0.4", {"channels": [WINDOW]}, r"\$\.new_scan_types\[0\]\.scan_type_id: field req"),
        (None, {}, r"\$\.new_scan_types\[0\]\.scan_type_id: field required"),
        (None, 5, r"\$\.new_scan_types\[0\]: should be an object, not 5"),
        (None, {**FLAT_02, "channels": []}, r"\$\.new_scan_types\[0\]\.channels: should have"),
        (
            None,
            {**NESTED, "beams": {"sky": []}},
            r"\$\.new_scan_types\[0\]\.beams\.sky: should be an object, not a list",
        ),
        (
            None,
            {**NESTED, "derive_from": "deep"},
            r'\$\.new_scan_types\[0\]\.derive_from: "deep" is derived from itself',
        ),
    ],
)
def test_invalid_new_scan_type_is_rejected(version: str | None, new: Any, place: str) -> None:
    with pytest.raises(MessageError, match=place):
        parse_configure(_text(new, version=version))


def _only(scan_type: dict[str, Any], *kept: str) -> dict[str, Any]:
    return {key: value for key, value in scan_type.items() if key in kept}


@pytest.mark.parametrize("version", [None, "0.4", "1.0", "2.1"])
@pytest.mark.parametrize(
    "new",
    [
        _only(FLAT_02, "id", "coordinate_system", "ra", "dec"),
        _only(FLAT_02, "id", "coordinate_system"),
        _only(FLAT_02, "id", "ra"),
        _only(FLAT_02, "id"),
        _only(FLAT_03, "scan_type_id", "reference_frame", "ra", "dec"),
        _only(FLAT_03, "scan_type_id", "reference_frame"),
        _only(FLAT_03, "scan_type_id", "dec"),
        {"scan_type_id": "flat", "subbands": []},
    ],
)
def test_flat_scan_type_without_channels_names_channels(
    version: str | None, new: dict[str, Any]
) -> None:
    faults = faults_of(parse_configure, _text(new, version=version))
    assert faults == ("$.new_scan_types[0].channels: field required",)


@pytest.mark.parametrize("version", [None, "0.4", "2.1"])
@pytest.mark.parametrize("strictness", [1, 2])
def test_scan_type_of_neither_form_names_both_forms(version: str | None, strictness: int) -> None:
    faults = faults_of(parse_configure, _text({"scan_type_id": "x"}, version=version), strictness)
    fault = "$.new_scan_types[0]: should have beams, or channels in the flat form"
    assert faults == (fault,)


@pytest.mark.parametrize("pair", [(FLAT_02, FLAT_03), (FLAT_03, FLAT_02), (NESTED, NESTED)])
@pytest.mark.parametrize("strictness", [0, 1, 2])
def test_repeated_id_is_rejected(pair: Any, strictness: int) -> None:
    with pytest.raises(MessageError, match=r"\$\.new_scan_types\[1\]: has the id"):
        parse_configure(_text(*pair), strictness)


def test_faults_have_indices_of_the_message() -> None:
    faults = faults_of(parse_configure, _text(7, FLAT_02, FLAT_03))
    assert faults == (
        "$.new_scan_types[0]: should be an object, not 7",
        '$.new_scan_types[2]: has the id "flat" of one before it',
    )


@pytest.mark.parametrize(
    ("scan_type", "fault"),
    [
        (None, "should be a string, not null"),
        (1, "should be a string, not 1"),
        ("", "should be a string that is not empty"),
        ("a\x00b", "should have printable characters only"),
    ],
)
def test_invalid_scan_type_is_rejected(scan_type: Any, fault: str) -> None:
    with pytest.raises(MessageError, match=rf"Configure: \$\.scan_type: {fault}"):
        parse_configure(json.dumps({"scan_type": scan_type}), 0)


def test_scan_type_is_required() -> None:
    with pytest.raises(MessageError, match=r"\$\.scan_type: field required"):
        parse_configure(_text(NESTED).replace("scan_type", "scantype", 1), 0)


@pytest.mark.parametrize("strictness", [0, 1])
def test_template_is_selected_with_a_warning(strictness: int) -> None:
    parsed = parse_configure('{"scan_type": ".base"}', strictness)
    assert parsed.message.scan_type == ".base"
    assert parsed.warnings == ("$.scan_type: is a template of scan types",)


def test_template_is_rejected_at_strictness_2() -> None:
    with pytest.raises(MessageError, match=r"\$\.scan_type: is a template of scan types"):
        parse_configure('{"scan_type": ".base"}', 2)


def test_new_template_is_accepted() -> None:
    template = {**NESTED, "scan_type_id": ".new", "derive_from": ".base"}
    assert parse_configure(_text(template), 2).message.new_scan_types == [template]
