"""Conversion between values and stored text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ska_sdp_config.entity.codec import decode, encode
from tests.support.json_values import JSON

# JSON keys are strings, so these are converted.
KEYED = st.dictionaries(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False), JSON, max_size=4
)


def test_encode_indents_and_sorts() -> None:
    assert encode({"b": [1, {"ä": "β"}], "a": {}}) == (
        '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "ä": "β"\n    }\n  ]\n}'
    )


@given(JSON | KEYED)
@example([[], {}, [[]], [{}], {"": {"": []}}])
@example([1e16, 1e-7, -0.0, 5e-324, 10**400, '\u2028\x7f\x00\\"/\U0001f600'])
@example({"z": 1, "é": 2, "\uffff": 3, "\U00010000": 4})
def test_encode_equals_standard_library_output(value: Any) -> None:
    assert encode(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


@pytest.mark.parametrize("depth", [1, 100])
def test_encode_accepts_nested_values(depth: int) -> None:
    value: Any = {}
    for _ in range(depth):
        value = {"a": [value]}
    assert encode(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


def test_encode_rejects_lone_surrogate() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode({"x": "\ud800"})


@given(JSON)
def test_decode_inverts_encode(value: Any) -> None:
    assert decode(encode(value), "/x") == value


@given(JSON)
def test_decode_accepts_any_layout(value: Any) -> None:
    assert decode(json.dumps(value), "/x") == value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_encode_rejects_non_finite_numbers(number: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"x": number})


def test_decode_error_names_path() -> None:
    with pytest.raises(ValueError, match=r"/pb/pb-x is not JSON"):
        decode("{", "/pb/pb-x")
    with pytest.raises(ValueError, match="/pb/pb-x"):
        decode("[" * 100_000, "/pb/pb-x")
