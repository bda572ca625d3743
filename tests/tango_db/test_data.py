"""Device data: validation, and expansion to other numbers and prefixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_lmc.ops.tango_db.data import DataError, DeviceData, expand, read

ROOT = Path(__file__).parents[2]


def data_of(**servers: object) -> DeviceData:
    return DeviceData.model_validate_json(json.dumps({"servers": servers}))


def test_packaged_data_have_the_fixed_names() -> None:
    assert [(d.server, d.class_name, d.device) for d in read().devices()] == [
        ("SDPController/0", "SDPController", "test-sdp/control/0"),
        ("SDPSubarray/01", "SDPSubarray", "test-sdp/subarray/01"),
    ]


def test_repository_file_is_the_packaged_one() -> None:
    assert read(ROOT / "tango-db" / "devices.json") == read()


@given(count=st.integers(1, 99), prefix=st.sampled_from(["test", "mid", "low", "a-1_b"]))
def test_expand_accepts_any_number_and_prefix(count: int, prefix: str) -> None:
    devices = list(expand(read(), subarrays=count, prefix=prefix).devices())
    assert [(d.server, d.device) for d in devices] == [
        ("SDPController/0", f"{prefix}-sdp/control/0"),
        *((f"SDPSubarray/{n:02d}", f"{prefix}-sdp/subarray/{n:02d}") for n in range(1, count + 1)),
    ]


def test_expand_copies_first_subarray_and_keeps_others() -> None:
    data = data_of(
        SDPSubarray={
            "01": {"SDPSubarray": {"x-sdp/subarray/01": {"properties": {"A": ["1"]}}}},
            "02": {"SDPSubarray": {"x-sdp/subarray/02": {"properties": {"A": ["2"]}}}},
        }
    )
    devices = list(expand(data, subarrays=3).devices())
    found = [(d.device[-2:], d.properties["A"]) for d in devices]
    assert found == [("01", ["1"]), ("02", ["2"]), ("03", ["1"])]
    assert [d.server for d in expand(data, subarrays=1).devices()] == ["SDPSubarray/01"]
    assert expand(data) == data


@pytest.mark.parametrize(
    ("subarrays", "prefix", "fault"),
    [
        (0, None, "there can be 1 to 99 subarrays, not 0"),
        (100, None, "there can be 1 to 99 subarrays, not 100"),
        (None, "", "prefix '' is invalid in a device name"),
        (None, "a/b", "prefix 'a/b' is invalid in a device name"),
    ],
)
def test_invalid_name_is_rejected(subarrays: int | None, prefix: str | None, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        expand(read(), subarrays=subarrays, prefix=prefix)


def test_expand_rejects_data_without_model() -> None:
    with pytest.raises(DataError, match="no SDPSubarray/01 to copy for other subarrays"):
        expand(data_of(SDPSubarray={"all": {}}), subarrays=2)
    with pytest.raises(DataError, match="device name a/b/c does not begin with <prefix>-sdp/"):
        expand(data_of(S={"1": {"S": {"a/b/c": {}}}}), prefix="mid")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "Invalid JSON"),
        ("[]", "the file: "),
        ("{}", "servers: Field required"),
        ('{"servers": {"S": {"1": {"S": {"a/b/c": {"properties": {"T": [60]}}}}}}}', r"T\.0: "),
        ('{"servers": {"S": {"1": {"S": {"a/b/c": {"propertis": {}}}}}}}', "propertis: Extra"),
    ],
)
def test_file_of_another_form_is_rejected_with_place(
    tmp_path: Path, text: str, fault: str
) -> None:
    file = tmp_path / "devices.json"
    file.write_text(text)
    with pytest.raises(DataError, match=f"{file} is not device data: .*{fault}"):
        read(file)


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*No such file"):
        read(tmp_path / "absent.json")
