"""Phase directions in AssignResources, schemas 0.4 and 1.0."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ska_sdp_lmc.messages import parse_assign_resources

from .small import ASSIGN_04, block_of, changed, faults_of


def _direction(**phase_dir: Any) -> str:
    message = copy.deepcopy(ASSIGN_04)
    message["interface"] = message["interface"].replace("0.4", "1.0")
    message["execution_block"]["fields"][0]["phase_dir"] = {"target_name": "T", **phase_dir}
    return json.dumps(message)


@pytest.mark.parametrize(
    "phase_dir",
    [
        {"reference_frame": "icrs", "attrs": {"c1": 0, "c2": -90}},
        {"reference_frame": "ICRS", "attrs": {"c1": 359.99, "c2": 90, "epoch": 2000}},
        {"reference_frame": "AltAz", "attrs": {"c1": 1.5, "c2": 2, "pm_c1": 1, "pm_c2": -1.5}},
        {"reference_frame": "galactic", "attrs": {"c1": 1, "c2": 2, "parallax": 0}},
        {"reference_frame": "Special"},
        {"reference_frame": "TLE", "attrs": {"line1": "1 ...", "line2": "2 ..."}},
    ],
)
def test_direction_of_schema_10_is_kept(phase_dir: dict[str, Any]) -> None:
    parsed = parse_assign_resources(_direction(**phase_dir), 2)
    kept = block_of(parsed.message)["fields"][0]["phase_dir"]
    assert kept == {"target_name": "T", **phase_dir}


@pytest.mark.parametrize(
    ("phase_dir", "place", "fault"),
    [
        ({"reference_frame": "icrs"}, ".attrs", "field required"),
        (
            {"reference_frame": "icrs", "attrs": {"c1": 360, "c2": 0}},
            ".attrs.c1",
            "should be less",
        ),
        (
            {"reference_frame": "icrs", "attrs": {"c1": -1, "c2": 0}},
            ".attrs.c1",
            "should be great",
        ),
        ({"reference_frame": "icrs", "attrs": {"c1": 1, "c2": 91}}, ".attrs.c2", "should be less"),
        ({"reference_frame": "icrs", "attrs": {"c1": 1}}, ".attrs.c2", "field required"),
        ({"reference_frame": "altaz", "attrs": {"c1": True, "c2": 1}}, ".attrs.c1", "should be a"),
        ({"reference_frame": "tle", "attrs": {"line1": "1"}}, ".attrs.line2", "field required"),
        ({"reference_frame": "tle"}, ".attrs", "field required"),
        ({"reference_frame": "fk4", "attrs": {}}, ".reference_frame", "should be icrs, altaz"),
        ({"reference_frame": 5}, ".reference_frame", "should be a string"),
        ({}, ".reference_frame", "field required"),
        ({"target_name": 1, "reference_frame": "special"}, ".target_name", "should be a string"),
    ],
)
def test_invalid_direction_of_schema_10_is_rejected(
    phase_dir: dict[str, Any], place: str, fault: str
) -> None:
    faults = faults_of(parse_assign_resources, _direction(**phase_dir))
    path = f"$.execution_block.fields[0].phase_dir{place}"
    assert any(text.startswith(f"{path}: {fault}") for text in faults), faults


def test_coordinates_of_body_are_unknown_key() -> None:
    text = _direction(reference_frame="special", attrs={"c1": 1, "c2": 2})
    path = "$.execution_block.fields[0].phase_dir.attrs"
    assert parse_assign_resources(text).warnings == (f"{path}: is not a key of this schema",)


OLD_DIRECTION = {"ra": [12], "dec": [-4.5], "reference_time": "...", "reference_frame": "ICRF3"}
NEW_DIRECTIONS: list[dict[str, Any]] = [
    {"target_name": "T", "reference_frame": "icrs", "attrs": {"c1": 1, "c2": 2}},
    {"target_name": "Sun", "reference_frame": "special"},
    {"target_name": "T", "reference_frame": "tle", "attrs": {"line1": "1", "line2": "2"}},
]


def _with_direction(version: str, phase_dir: dict[str, Any]) -> str:
    text = changed(ASSIGN_04, "execution_block", "fields", 0, "phase_dir", to=phase_dir)
    return text.replace("assignres/0.4", f"assignres/{version}")


@pytest.mark.parametrize("strictness", [0, 1, 2])
@pytest.mark.parametrize(
    ("version", "phase_dir", "form"),
    [
        *(
            (version, direction, "1.0")
            for version in ("0.4", "0.5")
            for direction in NEW_DIRECTIONS
        ),
        *((version, OLD_DIRECTION, "0.4") for version in ("1.0", "1.1", "1.2", "2.0", "2.1")),
    ],
)
def test_direction_in_the_form_of_another_version_is_read_with_a_warning(
    version: str, phase_dir: dict[str, Any], form: str, strictness: int
) -> None:
    parsed = parse_assign_resources(_with_direction(version, phase_dir), strictness)
    path = "$.execution_block.fields[0].phase_dir"
    assert parsed.warnings == (f"{path}: has the form of schema {form}, read as such",)
    assert block_of(parsed.message)["fields"][0]["phase_dir"] == phase_dir


@pytest.mark.parametrize(
    ("version", "phase_dir", "place"),
    [
        ("0.4", {"target_name": "T", "reference_frame": "icrs"}, "attrs"),
        ("0.4", {"attrs": {"c1": 1, "c2": 2}, "reference_frame": "icrs"}, "target_name"),
        (
            "1.0",
            {key: OLD_DIRECTION[key] for key in ("ra", "dec", "reference_time")},
            "reference_frame",
        ),
        ("1.0", {"ra": [1], "reference_time": "...", "reference_frame": "ICRS"}, "dec"),
        # Keys of both forms or of neither: the version decides.
        ("0.4", {"reference_frame": "ICRS"}, "ra"),
        ("1.0", {"reference_frame": "ICRS"}, "target_name"),
        ("0.4", {"ra": [1], "attrs": {}, "reference_time": "...", "reference_frame": "x"}, "dec"),
        ("1.0", {"ra": [1], "attrs": {}, "reference_frame": "icrs"}, "target_name"),
    ],
)
def test_direction_is_checked_in_its_own_form(
    version: str, phase_dir: dict[str, Any], place: str
) -> None:
    faults = faults_of(parse_assign_resources, _with_direction(version, phase_dir))
    fault = f"$.execution_block.fields[0].phase_dir.{place}: field required"
    assert fault in faults
