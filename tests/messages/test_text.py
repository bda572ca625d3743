"""Decoding of a message before its validation against a schema."""

from __future__ import annotations

import json

import pytest

from ska_sdp_lmc.messages import MessageError, parse_assign_resources, parse_scan
from ska_sdp_lmc.messages.jsontext import MAX_BYTES, MAX_DEPTH

from .small import ASSIGN_04, PARSERS, Parse, block_of, changed, faults_of


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the argument is empty"),
        (" \n\t", "the argument is empty"),
        (None, "should be JSON text, not NoneType"),
        (b"{}", "should be JSON text, not bytes"),
        ({}, "should be JSON text, not dict"),
        ("{", "not JSON: .* at line 1 column 2"),
        ('{\n "scan_id": 1,\n}', "not JSON: .* at line [23] column"),
        ("{'scan_id': 1}", "not JSON"),
        ("\ufeff{}", "begins with a byte order mark"),
        ("{}{}", "not JSON: Extra data at line 1 column 3"),
        ('{"scan_id": NaN}', "NaN is no JSON number"),
        ('{"scan_id": -Infinity}', "-Infinity is no JSON number"),
        ('{"scan_id": 1e999}', "1e999 is too large"),
        ('{"scan_id": ' + "9" * 10_000 + "}", "a number of 10000 digits is too large"),
        ('{"scan_id": -' + "9" * 301 + "}", "a number of 302 digits is too large"),
        ('{"scan_id": 1, "scan_id": 2}', 'the key "scan_id" is given twice'),
        ('{"a": {"b": 1, "b": 1}}', 'the key "b" is given twice'),
        ('{"a": "\\ud800"}', "is no Unicode text"),
        ('{"a": {"\\udfff": 1}}', "is no Unicode text"),
        ('{"a": "\ud800"}', "no Unicode text at character 7"),
        ("[]", "should be a JSON object, not a list"),
        ('"text"', "should be a JSON object, not .text."),
        ("null", "should be a JSON object, not null"),
        ("[" * 100_000, "nested deeper than 100 levels"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "nested deeper than 100 levels"),
        ('{"a":' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH, "nested deeper than 100 levels"),
        ('{"a": [' + ",".join(["{}"] * 30_000) + "]}", "more than 30000 objects"),
        ("x" * (MAX_BYTES + 1), "longer than 1 MiB .1048577 bytes"),
        ("{" + " " * 2 * MAX_BYTES, "longer than 1 MiB"),
        ('"' + "é" * (MAX_BYTES // 2), "longer than 1 MiB .1048577 bytes"),
    ],
    ids=range(30),
)
@pytest.mark.parametrize("parse", PARSERS.values())
def test_text_that_is_no_json_object_is_rejected(parse: Parse, text: str, fault: str) -> None:
    with pytest.raises(MessageError, match=fault) as caught:
        parse(text)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith("$: ")


def test_message_of_one_mebibyte_is_accepted() -> None:
    text = changed(ASSIGN_04, "processing_blocks", 0, "parameters", to={"pad": ""})
    text = text.replace('"pad": ""', '"pad": "' + "x" * (MAX_BYTES - len(text)) + '"')
    assert len(text) == MAX_BYTES
    assert parse_assign_resources(text).warnings == ()


def test_deep_parameters_are_accepted() -> None:
    deep = json.loads('{"a":' * 90 + "1" + "}" * 90)
    text = changed(ASSIGN_04, "processing_blocks", 0, "parameters", to=deep)
    blocks = parse_assign_resources(text).message.processing_blocks
    assert blocks[0]["parameters"] == deep


def test_non_ascii_text_is_kept() -> None:
    text = changed(ASSIGN_04, "execution_block", "context", to={"Beobachter": "Jürgen 望远镜"})
    block = block_of(parse_assign_resources(text).message)
    assert block["context"] == {"Beobachter": "Jürgen 望远镜"}


def test_error_is_ascii_of_bounded_length() -> None:
    windows = [{"ключ" * 50: "значение" * 50, "count": "é" * 500} for _ in range(40)]
    text = changed(ASSIGN_04, "execution_block", "channels", 0, "spectral_windows", to=windows)
    with pytest.raises(MessageError) as caught:
        parse_assign_resources(text)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 5_000


def test_error_lists_ten_faults_and_counts_the_others() -> None:
    windows: list[object] = [{"spectral_window_id": "w"}] * 13
    text = changed(ASSIGN_04, "execution_block", "channels", 0, "spectral_windows", to=windows)
    with pytest.raises(MessageError) as caught:
        parse_assign_resources(text, 1)
    assert len(caught.value.faults) == 13 * 4, "count, start, freq_min and freq_max are missing"
    shown = "; ".join(caught.value.faults[:10])
    assert caught.value.details == f"{shown}; and 42 more"
    assert str(caught.value) == f"AssignResources: {caught.value.details}"


@pytest.mark.parametrize("count", [1, 9, 10])
def test_error_lists_all_of_up_to_ten_faults(count: int) -> None:
    faults = [f"$.a[{number}]: field required" for number in range(count)]
    assert MessageError("Scan", faults).details == "; ".join(faults)


def test_more_faults_than_the_limit_are_counted() -> None:
    windows: list[object] = [{}] * 20_000
    text = changed(ASSIGN_04, "execution_block", "channels", 0, "spectral_windows", to=windows)
    faults = faults_of(parse_assign_resources, text, 0)
    assert faults[0] == "$: has 100000 faults, of which these are the first"
    path = "$.execution_block.channels[0].spectral_windows[0].count"
    assert faults[1] == f"{path}: field required"


def test_unknown_strictness_raises_value_error() -> None:
    with pytest.raises(ValueError, match="strictness 3 is not known, use 0, 1 or 2"):
        parse_scan('{"scan_id": 1}', 3)
