"""Addresses and locators: of the database, of files to import, of devices and brokers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.source import read_text
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.entity.common import AnyTRL, AttributeTRL
from ska_sdp_config.entity.common.kafka import KafkaUrl
from ska_sdp_config.store.redaction import AT_SIGN
from ska_sdp_web.hosts import Hosts, is_same_origin
from ska_sdp_web.settings import Settings as WebSettings
from ska_sdp_web.settings import SettingsError
from ska_sdp_web.topics import parse_topic
from tests.fuzz import corpus
from tests.fuzz.cli_rules import Given, check_run
from tests.fuzz.kind import Kind
from tests.fuzz.texts import as_argument, mutated_text

__all__ = ["KIND"]

SECRET = "s3cr3t"

_ENDPOINT = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\]|[^\s/@,:\[\]]+):([0-9]{1,5})")


def _host(text: str) -> None:
    try:
        endpoints = Settings.load(host=text).endpoints
    except ValueError as error:
        _check_error(error, text, "SDP_CONFIG_HOST")
        result = check_run(Given({}, ["list", "-a", "--host", text], env={_BACKEND: "etcd3"}))
        assert result.code == 2, result
        return
    assert endpoints
    for endpoint in endpoints:
        match = _ENDPOINT.fullmatch(endpoint)
        assert match is not None, f"endpoint {endpoint!r} is no host and port"
        assert 0 < int(match[2]) < 65536
        # What the resolver does first; it raises what no caller expects.
        match[1].encode("idna")


def _check_error(error: Exception, text: str, setting: str = "") -> None:
    assert setting in str(error), error
    # A change of the example may have removed the mark of the password, or put it elsewhere.
    is_password = SECRET not in re.split(AT_SIGN, text)[-1]
    assert not is_password or SECRET not in str(error), error


_BACKEND = "SDP_CONFIG_BACKEND"


def _port(text: str) -> None:
    try:
        endpoint = Settings.load(port=text).endpoints[0]
        assert 0 < int(endpoint.rpartition(":")[2]) < 65536
    except ValueError as error:
        _check_error(error, text, "SDP_CONFIG_PORT")
    check_run(Given({}, ["list", "-a", "--port", text]))


def _timeout(text: str) -> None:
    try:
        assert 0 < Settings.load(timeout=text).timeout < float("inf")
    except ValueError as error:
        _check_error(error, "SDP_CONFIG_TIMEOUT")
    # A valid timeout would be waited for, so the condition is not valid.
    check_run(Given({"/x": "1"}, ["wait", "/x", "--timeout", text, "=1"]))


def _duration(text: str) -> None:
    check_run(Given({"/x": "1"}, ["history", "/x", "--since", text]))


def _trl(text: str) -> None:
    for make in (AnyTRL, AttributeTRL):
        try:
            trl = make(text)
        except ValueError:
            continue
        _check_trl(trl, text)


def _check_trl(trl: AnyTRL, text: str) -> None:
    assert str(trl) == text
    assert trl.device_name
    assert trl.port is None or trl.port >= 0
    with contextlib.suppress(ValueError):
        assert str(trl.url)
    try:
        full = trl.eval
    except ValueError:
        return
    assert (full.device_name, full.attribute_name) == (trl.device_name, trl.attribute_name)
    assert full.eval == full


def _kafka(text: str) -> None:
    try:
        url = KafkaUrl(text)
    except ValueError:
        return
    assert KafkaUrl(str(url)) == url
    assert 0 <= url.port < 65536
    assert url.host


def _source(text: str) -> None:
    """Read a source. Only files can be read: URLs have no host, or one that rejects calls."""
    try:
        read_text(text, seconds=1)
    except Failed as error:
        _check_error(error, text)
        return
    assert Path(text).is_file(), f"{text!r} was read"


def _topic(text: str) -> None:
    topic = parse_topic(text)
    assert topic is None or "/".join(filter(None, topic)) == text


def _origin(text: str) -> None:
    try:
        WebSettings(frame_ancestors=(text,))
    except SettingsError as error:
        _check_error(error, text, "--frame-ancestor")
    else:
        # A space or semicolon would change the policy of the page.
        assert not re.search(r"[\s;,'\"]", text)
    is_same_origin(text, text)
    Hosts((text,)).allows(text)


CHECKS: dict[str, Callable[[str], None]] = {
    "host": _host,
    "port": _port,
    "timeout": _timeout,
    "duration": _duration,
    "trl": _trl,
    "kafka": _kafka,
    "source": _source,
    "topic": _topic,
    "origin": _origin,
}

EXAMPLES = {
    "host": [
        *("etcd", "etcd:2379", "a:1,b:2, c", "[::1]:2379", "::1", "fe80::1%eth0", "10.0.0.1:80"),
        *(f"http://me:{SECRET}@etcd:2379", f"me:{SECRET}@etcd", "a..b:1", "x" * 64 + ":1", ","),
    ],
    "port": ["2379", "1", "65535", "65536", "0", "-1", "+5", "\u0663", "1_0", "0x10"],
    "timeout": ["5", "0.001", "1e3", "inf", "nan", "-1", "1_0", "\u0663"],
    "duration": ["10m", "30d", "0s", "1w", "99999999999w", "999999999d", "\u0663d", "1.5h", "-1d"],
    "trl": [
        *("tango://db:10000/a/b/c/d", "a/b/c", "h:1/a/b/c#dbase=no", "a/b/c->p", "alias/d"),
        *("tango://[::1]:1/a/b/c/d", "tango://h:99999/../b/c/d", "a/b/c/d->p#dbase=yes"),
    ],
    "kafka": ["kafka://h:9092", "h:9092", "kafka://[::1]:9092/", "h:65536", "kafka://h"],
    "source": [
        *(f"http://me:{SECRET}@127.0.0.1:1/x", "http://127.0.0.1:1/x", "ftp://h/x", "/none/x"),
        *(f"http:http://me:{SECRET}@127.0.0.1:1/x", f"a/b//me:{SECRET}@h", f"me:{SECRET}@h/x"),
        *(f"https:/me:{SECRET}@h", f"http:///me:{SECRET}@h", f"FTP://me:{SECRET}%40h"),
        *("http://127.0.0.1:1/\u00e9?q=\u00fc#f", "https://127.0.0.1:1/", "http:///x"),
    ],
    "topic": ["overview", "pb/pb-a", "subarray/01", "eb/", "pbs/x", "flow/a:b:c", "log"],
    "origin": [
        "https://taranta.example",
        "http://h:8080/",
        "http://[::1]:1",
        "https://h/x",
        "h:1",
    ],
}

# The host of a URL that is fetched is that of the example, so that no name is resolved.
_FETCHED = re.compile(r"(?i)https?://(?!127\.0\.0\.1:1(/|$)|/|[^/]*@)")


def _is_safe(case: list[str]) -> bool:
    what, text = case
    return what != "source" or not (_FETCHED.match(text) or text == "-")


def _cases() -> st.SearchStrategy[Any]:
    found = []
    for what, examples in EXAMPLES.items():
        kept = [case[1] for case in corpus.read("locators") if case[0] == what]
        texts = mutated_text([*examples, *kept]) | st.text(max_size=20)
        case = st.tuples(st.just(what), texts.map(as_argument)).map(list)
        found.append(case.filter(_is_safe))
    return st.one_of(found)


def _check(case: list[str]) -> None:
    what, text = case
    CHECKS[what](text)


KIND = Kind("locators", _cases(), _check)
