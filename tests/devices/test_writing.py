"""Documents are written byte for byte as the codec writes them, also with parts kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ska_sdp_config.entity.codec import encode
from ska_sdp_lmc.runtime.writing import text_of
from tests.support.json_values import JSON

DOCUMENTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5)


@given(DOCUMENTS)
@example({})
@example({"a": None, "null": [None], "b": {"null": None}, 'c\n"null': ["null", {}], "é": [[]]})
@example({"z": ["line\nbreak", {"k": "\u2028"}], "\uffff": [1e16], "\U00010000": [-0.0]})
def test_every_byte_is_as_the_codec_writes_it(document: dict[str, Any]) -> None:
    assert text_of(document) == encode(document)


@given(DOCUMENTS, DOCUMENTS)
def test_also_where_parts_were_written_before(
    before: dict[str, Any], more: dict[str, Any]
) -> None:
    text_of(before)
    after = {**before, **more}
    assert text_of(after) == encode(after)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"x": ["\ud800"]}, "\ud800"])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant|surrogates not allowed"):
        text_of({"a": [1], "x": value})
