"""Values become text in one way, and text of any layout becomes values."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ska_sdp_config.entity.codec import decode, encode

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates cannot be sent as UTF-8, so no value of the database has them.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

# JSON has no keys but strings, so these become strings.
KEYED = st.dictionaries(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False), JSON, max_size=4
)


def test_layout_is_the_wire_format() -> None:
    assert encode({"b": [1, {"ä": "β"}], "a": {}}) == (
        '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "ä": "β"\n    }\n  ]\n}'
    )


@given(JSON | KEYED)
@example([[], {}, [[]], [{}], {"": {"": []}}])
@example([1e16, 1e-7, -0.0, 5e-324, 10**400, '\u2028\x7f\x00\\"/\U0001f600'])
@example({"z": 1, "é": 2, "\uffff": 3, "\U00010000": 4})
def test_every_byte_is_as_the_standard_library_writes_it(value: Any) -> None:
    assert encode(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


@pytest.mark.parametrize("depth", [1, 100])
def test_deep_values_are_written(depth: int) -> None:
    value: Any = {}
    for _ in range(depth):
        value = {"a": [value]}
    assert encode(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode({"x": "\ud800"})


@given(JSON)
def test_every_value_comes_back(value: Any) -> None:
    assert decode(encode(value), "/x") == value


@given(JSON)
def test_any_layout_is_read(value: Any) -> None:
    assert decode(json.dumps(value), "/x") == value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"x": number})


def test_what_is_no_json_is_named() -> None:
    with pytest.raises(ValueError, match=r"/pb/pb-x is not JSON"):
        decode("{", "/pb/pb-x")
    with pytest.raises(ValueError, match="/pb/pb-x"):
        decode("[" * 100_000, "/pb/pb-x")
