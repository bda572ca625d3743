"""Input from files and URLs."""

from __future__ import annotations

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


def test_password_in_a_url_is_not_printed() -> None:
    with pytest.raises(Failed) as caught:
        read_text("https://me:sesame@h/x")
    assert "sesame" not in str(caught.value)
