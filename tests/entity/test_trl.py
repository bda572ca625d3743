"""Tango resource locators."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config.entity.common import AnyTRL, AttributeTRL

TRLS = {
    "tango://db:10000/a/b/c/d": ("db", 10000, "a/b/c", "d", None, True),
    "tango://db.example.org:10000/a/b/c": ("db.example.org", 10000, "a/b/c", None, None, True),
    "a/b/c/d": (None, None, "a/b/c", "d", None, True),
    "test-sdp/subarray/01": (None, None, "test-sdp/subarray/01", None, None, True),
    "TANGO://h:1/A/b/C/D#dbase=no": ("h", 1, "A/b/C", "D", None, False),
    "h:1/a/b/c#dbase=yes": ("h", 1, "a/b/c", None, None, True),
    "a/b/c->p": (None, None, "a/b/c", None, "p", True),
    "a/b/c/d->p": (None, None, "a/b/c", "d", "p", True),
    "tango://h:1/alias/d": ("h", 1, "alias", "d", None, True),
    "alias": (None, None, "alias", None, None, True),
}


@pytest.mark.parametrize("text", TRLS)
def test_trl_has_parts(text: Any) -> None:
    trl = AnyTRL(text)
    assert (
        trl.host,
        trl.port,
        trl.device_name,
        trl.attribute_name,
        trl.property_name,
        trl.dbase,
    ) == TRLS[text]
    assert trl.scheme == "tango"
    assert trl.url == text
    assert type(trl.url) is str


@pytest.mark.parametrize("text", TRLS)
def test_attribute_trl_requires_attribute(text: Any) -> None:
    _, _, _, attribute, prop, _ = TRLS[text]
    if attribute and not prop:
        assert AttributeTRL(text).attribute_name == attribute
    else:
        with pytest.raises(ValueError, match="does not name an attribute"):
            AttributeTRL(text)


@pytest.mark.parametrize(
    "text", ["", "http://h:1/a/b/c", "a/b/c/d/e", "a//c", "a/b/c#dbase=maybe", "a b/c/d", "/a/b/c"]
)
def test_trl_rejects_invalid_text(text: Any) -> None:
    with pytest.raises(ValueError, match="no Tango resource locator"):
        AnyTRL(text)
