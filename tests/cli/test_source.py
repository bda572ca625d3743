"""Input from files and URLs."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from ska_sdp_config.cli import source
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.source import read_text
from tests.support.in_time import in_time

from .web import Web


def test_byte_order_mark_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes("\ufeffé".encode())
    assert read_text(str(file)) == "é"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file or directory; check the path."),
        (b"a\xff", "is not UTF-8 text (byte 1)"),
        (b"a" * (source.MAX_BYTES + 1), "has more than 8 MiB"),
    ],
)
def test_unreadable_file_is_rejected(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    file = tmp_path / "f"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Failed) as caught:
        read_text(str(file))
    assert complaint in str(caught.value)
    assert str(caught.value).startswith(str(file))


def test_redirects_are_followed(web: Web) -> None:
    web.pages["/scripts"] = b"scripts: []"
    web.redirects["/moved"] = web.url("/scripts")
    web.redirects["/near"] = "/moved"
    for path in ("/scripts", "/moved", "/near"):
        assert read_text(web.url(path)) == "scripts: []"


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/none", "the server responded 404 Not Found; check the URL."),
        ("/to-file", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("/to-ftp", "unknown url type: ftp"),
        ("/to-data", "is not allowed"),
        ("/to-itself", "infinite loop"),
        ("/large", "has more than 8 MiB"),
        ("/binary", "is not UTF-8 text"),
        ("/cut", "it ended after 11 of 1000 bytes"),
        ("/silent", "the server did not respond in time"),
        ("/trickle", "the server did not respond in time"),
    ],
)
def test_url_that_cannot_be_fetched_is_rejected(web: Web, path: str, complaint: str) -> None:
    web.redirects |= {
        "/to-file": "file:///etc/passwd",
        "/to-ftp": "ftp://h/x",
        "/to-data": "data:text/plain,scripts",
        "/to-itself": "/to-itself",
    }
    web.pages |= {"/large": b"a" * (source.MAX_BYTES + 1), "/binary": b"\xff"}
    # The server is silent for twice as long.
    with in_time(15), pytest.raises(Failed) as caught:
        read_text(web.url(path), seconds=0.3 if path in ("/silent", "/trickle") else 60)
    assert complaint in str(caught.value)
    assert web.url(path) in str(caught.value)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("file:///etc/passwd", "only http and https URLs are"),
        ("ftp://h/x", "only http and https URLs are"),
        ("http://127.0.0.1:9/x", "Connection refused"),
        ("http://", "no host"),
        ("http://[::1/x", "check the URL"),
    ],
)
def test_invalid_url_is_rejected(url: str, complaint: str) -> None:
    with pytest.raises(Failed) as caught:
        read_text(url)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "https://me:sesame@h/x",
        "HTTPS://ME:sesame@H/x",
        " http://me:sesame@h/x",
        "\t//me:sesame@h/x",
        "http:http://me:sesame@127.0.0.1:1/x",
        "http:///me:sesame@h",
        "http:/me:sesame@h",
        "http:me:sesame@h",
        "http:\\\\me:sesame@h",
        "ftp://me:sesame@h",
        "ftp://me:x/sesame@h",
        "a/b//me:sesame@h",
        "me:sesame@h/x",
        "sesame@h/x",
        "//me:sesame@h/x",
        "//h/me:sesame@h/x",
        "http://me:sesame%40h/x",
        "http://me:sesame%2540h/x",
        "http%3A%2F%2Fme:sesame%40h/x",
        "http://me:sesame\uff20h/x",
        "http://me:sesame/x@h",
        "http://127.0.0.1:1/sesame@h",
        "http://127.0.0.1:1/me:sesame @h",
        "http://me:p@ss/sesame@h",
        "http://me:sesame?@h",
        "http://me:sesame#x@h",
        "http://127.0.0.1:1?sesame@h",
        "ftp://me\n:sesame\n@h/x",
    ],
)
def test_password_in_a_source_is_not_printed(source: str) -> None:
    with pytest.raises(Failed) as caught:
        read_text(source, seconds=1)
    assert "sesame" not in "".join(traceback.format_exception(caught.value))


def test_password_in_a_redirect_is_not_printed(web: Web) -> None:
    web.redirects["/moved"] = "sftp://me:sesame@h/x"
    with pytest.raises(Failed) as caught:
        read_text(web.url("/moved"))
    assert "302 …@h/x' is not allowed" in str(caught.value)


def test_password_in_an_invalid_response_is_not_printed(web: Web) -> None:
    with pytest.raises(Failed) as caught:
        read_text(web.url("/odd"))
    assert "/odd cannot be fetched: …@h/x" in str(caught.value)
    assert "sesame" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("query", ["?mail=a%40b", "?mail=a@b", "/?mail=a%40b"])
def test_at_sign_in_a_query_is_no_user(web: Web, query: str) -> None:
    web.pages["/"] = b"a: 1"
    assert read_text(web.url(query)) == "a: 1"


def test_path_with_an_at_sign_is_read(tmp_path: Path) -> None:
    file = tmp_path / "me:1@site.yaml"
    file.write_text("a: 1")
    assert read_text(str(file)) == "a: 1"
    with pytest.raises(Failed, match=r"^…@none\.yaml cannot be read: No such file"):
        read_text(str(tmp_path / "me:1@none.yaml"))
