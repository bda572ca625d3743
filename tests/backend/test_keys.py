"""Paths, keys and spans: the wire format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.backend import depth_of_path
from ska_sdp_config.store.keys import Span, key_of_path, path_of_key, spans_of_listing

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
paths = st.lists(text.filter(lambda part: "/" not in part), min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


@pytest.mark.parametrize(
    ("path", "key"),
    [("/a", "1/a"), ("/pb/pb-x", "2/pb/pb-x"), ("/pb/pb-x/state", "3/pb/pb-x/state")],
)
def test_key_is_depth_and_path(path: str, key: str) -> None:
    assert key_of_path(path) == key
    assert path_of_key(key) == path
    assert depth_of_path(path) == int(key[0])


@given(paths)
def test_key_and_path_round_trip(path: str) -> None:
    assert path_of_key(key_of_path(path)) == path


@given(text.filter(lambda prefix: not prefix.endswith("\U0010ffff")), text)
def test_span_of_prefix_contains_keys_with_prefix(prefix: str, key: str) -> None:
    span = Span.prefix(prefix)
    assert prefix in span
    assert prefix + key in span
    assert (key in span) == key.startswith(prefix)


@given(text, text)
def test_spans_follow_order_of_utf8(one: str, other: str) -> None:
    assert (one < other) == (one.encode() < other.encode())


def test_span_without_end_contains_one_key() -> None:
    assert "2/pb/a" in Span("2/pb/a")
    assert "2/pb/ab" not in Span("2/pb/a")


def test_listing_accepts_number_of_levels_or_exact_levels() -> None:
    assert spans_of_listing("/pb/") == [Span("2/pb/", "2/pb0")]
    assert [span.begin for span in spans_of_listing("/pb/", 2)] == ["2/pb/", "3/pb/", "4/pb/"]
    assert [span.begin for span in spans_of_listing("/pb/", [2, 0])] == ["2/pb/", "4/pb/"]
