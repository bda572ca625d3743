"""Parsing of JSON and YAML, which may be malicious."""

from __future__ import annotations

import io
import json
import math
import re
import time
from contextlib import redirect_stdout
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ska_sdp_config.cli.documents import parse
from ska_sdp_config.cli.structured import DocumentPrinter

from .samples import BOMB

MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 10)}]}}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "- &a0 []\n" + "".join(f"- &a{n + 1} [*a{n}]\n" for n in range(2000))


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    ),
    st.sampled_from([None, 2, "\t"]),
)
def test_json_is_parsed(value: object, indent: int | str | None) -> None:
    if isinstance(value, list | dict):
        assert parse(json.dumps(value, indent=indent)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: [1, 1.5, yes, ~, '2']\nb: 2020-01-02", {"a": [1, 1.5, True, None, "2"]}),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ("", None),
        ("# nothing", None),
        ("a: &x {v: 1}\nb: *x\nc: {<<: *x, w: 2}", None),
    ],
)
def test_yaml_is_parsed_with_its_aliases(text: str, value: object) -> None:
    if "&x" in text:
        value = {"a": {"v": 1}, "b": {"v": 1}, "c": {"v": 1, "w": 2}}
    elif isinstance(value, dict) and "2020" in text:
        value = value | {"b": date(2020, 1, 2)}
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOMB, "its aliases expand to more than 1000000 values"),
        (MERGE_BOMB, "its aliases expand to more than 1000000 values"),
        ("a: &a\n  b: *a", "a value refers to itself (line 1, column 4)"),
        ("&a [*a]", "a value refers to itself (line 1"),
        ("!!python/object/apply:os.system ['echo']", "could not determine a constructor"),
        ("a:\n - !!python/name:os.system ''", "(line 2, column 4)"),
        ("a: !thing {}", "could not determine a constructor for the tag '!thing'"),
        ("a: 1\nb: [", "(line 3, column 1)"),
        ("a: 1\na: 2", "duplicate key 'a' (line 2, column 1)"),
        ("{1: 2}", "the key 1 is not a string: quote it (line 1, column 2)"),
        ("a:\n  on: 2", "the key on is not a string: quote it (line 2, column 3)"),
        ("null: 2", "the key null is not a string"),
        ("2026-01-31: 2", "the key 2026-01-31 is not a string"),
        ('{"a": 1, "b": 1, "a": 2}', "duplicate key 'a'"),
        ("a: 1\n---\nb: 2", "another document"),
        ("a: \x00", "character"),
        ('{"a": [1,}', "(line 1"),
        ("[" * 100_000, "deep"),
        ("[" * 100_000 + "]" * 100_000, "deep"),
        ("- " * 100_000, "deep"),
        ('{"a":' * 500 + "1" + "}" * 500, "deep"),
        (CHAIN, "its aliases nest too deeply"),
    ],
)
def test_harmful_documents_are_rejected(text: str, complaint: str) -> None:
    # Its own processor time, not that of other processes.
    began = time.thread_time()
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse(text)
    assert time.thread_time() - began < 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.35e9", 0.35e9),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("-1.5e-3", -0.0015),
        ("+5", 5),
        (".5", 0.5),
        ("5.", 5.0),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1e", "1e"),
        ("e9", "e9"),
        ("1.2.3", "1.2.3"),
        ("'0.35e9'", "0.35e9"),
        ("!!float 5", 5.0),
        ("!!int 0x10", 16),
    ],
)
def test_numbers_are_those_of_yaml_1_2(text: str, value: object) -> None:
    for document, expected in ((f"{{a: {text}}}", {"a": value}), (f"- {text}", [value])):
        found = parse(document)
        assert found == expected
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("text", ["!!int 1_000", "!!int x", "!!float 1:30", "!!int 0b1"])
def test_invalid_numbers_with_a_tag_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number \(line 1, column 4\)"):
        parse(f"a: {text}")


def test_nan_is_parsed() -> None:
    assert math.isnan(parse("a: .NaN")["a"])


def dumped(value: Any) -> str:
    with redirect_stdout(io.StringIO()) as out:
        DocumentPrinter(False, yaml=True).dump({"part": {"key": value}})
    return out.getvalue()


LIKE_NUMBERS = st.from_regex(r"[-+]?[0-9.]{1,3}([eE:_xob][-+]?[0-9]{0,2})?", fullmatch=True)


@settings(max_examples=200)
@given(LIKE_NUMBERS | st.floats(allow_nan=False) | st.integers())
def test_yaml_output_is_parsed_to_the_same_value(value: object) -> None:
    found = parse(dumped(value))["part"]["key"]
    assert found == value
    assert type(found) is type(value)
    # Other programs may follow YAML 1.1.
    assert yaml.safe_load(dumped(value)) == {"part": {"key": value}}
