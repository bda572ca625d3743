"""Tango resource locators."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl

from ska_sdp_config.entity.common import AnyTRL, AttributeTRL

DATABASE = "databaseds.example:10000"


@pytest.fixture(autouse=True)
def tango_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGO_HOST", DATABASE)


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
    assert trl.scheme == ("tango" if "://" in text else None)
    assert str(trl) == text
    assert type(str(trl)) is str


@pytest.mark.parametrize("kind", [AnyTRL, AttributeTRL])
def test_trl_is_made_of_text_and_trl(kind: Any) -> None:
    for given_trl in ("a/b/c/d", AnyTRL("a/b/c/d"), AttributeTRL("a/b/c/d")):
        for trl in (kind(given_trl), kind(trl=given_trl)):
            assert type(trl) is kind
            assert trl == "a/b/c/d"


EVALUATED = {
    "a/b/c": f"tango://{DATABASE}/a/b/c#dbase=yes",
    "a/b/c/d": f"tango://{DATABASE}/a/b/c/d#dbase=yes",
    "a/b/c->p": f"tango://{DATABASE}/a/b/c->p#dbase=yes",
    "alias": f"tango://{DATABASE}/alias#dbase=yes",
    "alias/d->p": f"tango://{DATABASE}/alias/d->p#dbase=yes",
    "h:1/a/b/c": "tango://h:1/a/b/c#dbase=yes",
    "TANGO://H:01/A/b/C/D#DBASE=NO": "tango://H:1/A/b/C/D#dbase=no",
    "tango://h:1/a/b/c#dbase=yes": "tango://h:1/a/b/c#dbase=yes",
}


@pytest.mark.parametrize("text", EVALUATED)
def test_eval_fills_defaults_in(text: str) -> None:
    trl = AnyTRL(text)
    assert trl.eval == EVALUATED[text]
    assert type(trl.eval) is AnyTRL
    assert str(trl) == text


def test_eval_of_attribute_is_attribute() -> None:
    assert type(AttributeTRL("a/b/c/d").eval) is AttributeTRL


@pytest.mark.parametrize("text", ["a/b/c/d", "TANGO://H:01/A/b/C/D#DBASE=NO", "alias/d"])
def test_attribute_trl_has_the_properties_of_any_trl(text: str) -> None:
    names = [
        "scheme",
        "host",
        "port",
        "device_name",
        "attribute_name",
        "property_name",
        "dbase",
        "eval",
        "url",
    ]
    trl, same = AttributeTRL(text), AnyTRL(text)
    assert [getattr(trl, name) for name in names] == [getattr(same, name) for name in names]
    assert str(trl) == str(same) == text


@pytest.mark.parametrize("text", EVALUATED)
def test_url_is_of_evaluated_locator(text: str) -> None:
    url = AnyTRL(text).url
    assert isinstance(url, AnyUrl)
    assert str(url) == EVALUATED[text].replace("->", "-%3E")


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("one:1,two:2", "one", 1),
        (" one:1 , two:2", "one", 1),
        ("10.0.0.1:10000", "10.0.0.1", 10000),
    ],
)
def test_eval_takes_first_tango_host(
    monkeypatch: pytest.MonkeyPatch, value: str, host: str, port: int
) -> None:
    monkeypatch.setenv("TANGO_HOST", value)
    trl = AnyTRL("a/b/c").eval
    assert (trl.scheme, trl.host, trl.port, trl.dbase) == ("tango", host, port, True)


@pytest.mark.parametrize("value", [None, "", "database", "database:", ":10000", "a:b", "x y:1"])
@pytest.mark.parametrize("part", ["eval", "url"])
def test_eval_without_any_host_is_rejected(
    monkeypatch: pytest.MonkeyPatch, value: str | None, part: str
) -> None:
    if value is None:
        monkeypatch.delenv("TANGO_HOST")
    else:
        monkeypatch.setenv("TANGO_HOST", value)
    with pytest.raises(ValueError, match=r"'a/b/c' has no host.*set TANGO_HOST to host:port"):
        getattr(AnyTRL("a/b/c"), part)
    assert AnyTRL("h:1/a/b/c").eval.host == "h"


def test_eval_does_not_take_tango_host_for_device_without_database() -> None:
    with pytest.raises(ValueError, match="address of the device server"):
        _ = AnyTRL("a/b/c#dbase=no").eval


def test_url_of_impossible_port_is_rejected() -> None:
    with pytest.raises(ValueError, match="port"):
        _ = AnyTRL("h:99999/a/b/c").url


@pytest.mark.parametrize("part", [".", ".."])
@pytest.mark.parametrize("text", ["{}/b/c", "a/{}/c", "a/b/{}", "a/b/c/{}", "{}", "{}/d->p"])
def test_url_of_dot_segment_is_rejected(text: str, part: str) -> None:
    trl = AnyTRL(text.format(part))
    with pytest.raises(ValueError, match=f"part '{re.escape(part)}'.*use eval"):
        _ = trl.url
    assert trl.eval.endswith("#dbase=yes")


@pytest.mark.parametrize(
    "text", ["a/b/..->p", "a/b/c->..", "a/.../c", "..a/b/.c", "h:1/a/b/c/..d->."]
)
def test_url_keeps_dots_that_are_no_segment(text: str) -> None:
    trl = AnyTRL(text)
    assert unquote(str(trl.url)) == trl.eval


# RFC 3986 removes the segments "." and ".." from any URL.
NAME = st.from_regex(r"[^\s/:#>]{1,12}", fullmatch=True).filter(lambda name: name.strip("."))
DEVICE = st.one_of(NAME, st.tuples(NAME, NAME, NAME).map("/".join))
ADDRESS = st.tuples(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,20}", fullmatch=True), st.integers(0, 65535)
)


@given(
    st.sampled_from(["", "tango://"]),
    st.none() | ADDRESS,
    DEVICE,
    st.none() | NAME,
    st.none() | NAME,
    st.sampled_from(["", "#dbase=yes"]),
)
def test_parts_of_trl_survive_eval_and_url(
    scheme: str,
    address: tuple[str, int] | None,
    device: str,
    attribute: str | None,
    prop: str | None,
    fragment: str,
) -> None:
    where = f"{address[0]}:{address[1]}/" if address else ""
    name = device + (f"/{attribute}" if attribute else "")
    trl = AnyTRL(f"{scheme}{where}{name}{f'->{prop}' if prop else ''}{fragment}")
    names = (device, attribute, prop)
    assert (trl.device_name, trl.attribute_name, trl.property_name) == names
    assert (trl.host, trl.port) == (address or (None, None))
    full = trl.eval
    assert (full.device_name, full.attribute_name, full.property_name) == names
    assert f"{full.host}:{full.port}" == (where.rstrip("/") or DATABASE)
    assert (full.scheme, full.dbase, full.eval) == ("tango", True, full)
    url = full.url
    assert url == trl.url
    assert str(url).isascii()
    assert unquote(str(url)) == full
    assert (url.scheme, url.host, url.port, url.fragment) == (
        "tango",
        full.host,
        full.port,
        "dbase=yes",
    )


@pytest.mark.parametrize("text", TRLS)
def test_attribute_trl_requires_attribute(text: Any) -> None:
    _, _, _, attribute, prop, _ = TRLS[text]
    if attribute and not prop:
        assert AttributeTRL(text).attribute_name == attribute
    else:
        with pytest.raises(ValueError, match="does not name an attribute"):
            AttributeTRL(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://h:1/a/b/c",
        "a/b/c/d/e",
        "a//c",
        "a/b/c#dbase=maybe",
        "a/b/c#dbase=ye\u017f",
        "a/b/c#dba\u017fe=yes",
        "a b/c/d",
        "/a/b/c",
    ],
)
def test_trl_rejects_invalid_text(text: Any) -> None:
    with pytest.raises(ValueError, match="no Tango resource locator"):
        AnyTRL(text)
