"""Input of commands: files, URLs, standard input, and values of arguments."""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from ska_sdp_config.cli.errors import Failed, rejecting
from ska_sdp_config.store.redaction import AT_SIGN, redact_userinfo

__all__ = [
    "FETCH_TIMEOUT_S",
    "MAX_BYTES",
    "argument_text",
    "argument_value",
    "parse_value",
    "read_text",
]

MAX_BYTES = 8 * 2**20
"""Maximum size of the input."""

FETCH_TIMEOUT_S = 30.0
"""Timeout of a download."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WITH_USER = re.compile(rf"\s*([A-Za-z][A-Za-z0-9+.-]*:)*//+[^/?#]*{AT_SIGN}")
_SCHEMES = ("http", "https")


def read_text(source: str, *, seconds: float = FETCH_TIMEOUT_S, max_bytes: int = MAX_BYTES) -> str:
    """Read a file, an http or https URL, or, for ``-``, standard input.

    ``seconds`` is the timeout of a download.

    Raises:
        Failed: it cannot be read, is too large, or is not UTF-8 text.
    """
    url = _URL.match(source)
    if _WITH_USER.match(source):
        # Not repeated, as it may contain a password.
        raise Failed("The URL names a user: fetch the file by other means, and give its path.")
    shown = redact_userinfo(source)
    if url is None:
        content = _read_file(source, max_bytes)
    elif url[1].lower() in _SCHEMES:
        content = _fetch(source, seconds, max_bytes)
    else:
        raise Failed(
            f"{shown} was not read: only http and https URLs are; give a file by its path."
        )
    if len(content) > max_bytes:
        raise Failed(f"{shown} has more than {max_bytes // 2**20} MiB: split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Failed(
            f"{shown} is not UTF-8 text (byte {exc.start}): nothing was changed."
        ) from exc


def argument_text(given: str) -> str:
    """Return the text of an argument: the text itself, ``@`` and the path of a file, or ``-``."""
    if given.startswith("@"):
        return read_text(given[1:])
    return read_text("-") if given == "-" else given


def argument_value(given: str, what: str) -> Any:
    """Parse the text of an argument; see :func:`argument_text` and :func:`parse_value`."""
    return parse_value(argument_text(given), what)


def parse_value(text: str, what: str) -> Any:
    """Parse JSON or YAML; ``what`` is the subject of an error message.

    Raises:
        Failed: it is neither.
    """
    from ska_sdp_config.cli.documents import parse

    with rejecting(what):
        return parse(text)


def _read_file(source: str, max_bytes: int) -> bytes:
    try:
        if source == "-":
            return sys.stdin.buffer.read(max_bytes + 1)
        with Path(source).open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as exc:
        # The traceback of the cause would repeat the path.
        raise Failed(
            f"{redact_userinfo(source)} cannot be read: {exc.strerror or type(exc).__name__}; "
            "check the path."
        ) from None


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https only, also after redirects."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _fetch(url: str, seconds: float, max_bytes: int) -> bytes:
    # A reason may contain the URL of a redirect, or what the server has sent.
    end = time.monotonic() + seconds
    try:
        with _opener().open(url, timeout=seconds) as response:
            return _read_until(response, end, max_bytes)
    except HTTPError as exc:
        exc.close()
        reason = f"the server responded {exc.code} {redact_userinfo(str(exc.reason))}"
    except InvalidURL:
        # Its text repeats parts of the URL.
        reason = "its port is not a number, or a space or control character is not escaped"
    except (OSError, HTTPException, ValueError) as exc:
        cause = exc.reason if isinstance(exc, URLError) else exc
        late = "the server did not respond in time: " if isinstance(cause, TimeoutError) else ""
        reason = f"{late}{redact_userinfo(str(cause))}"
    raise Failed(f"{redact_userinfo(url)} cannot be fetched: {reason}; check the URL.")


def _read_until(response: HTTPResponse, end: float, max_bytes: int) -> bytes:
    """Read the response until its end, the size limit or the deadline.

    Raises:
        OSError: it timed out, or is incomplete: a truncated YAML document may be valid, and have
            another meaning.
    """
    announced = response.length
    content = bytearray()
    while len(content) <= max_bytes:
        if time.monotonic() > end:
            raise TimeoutError("it is too slow")
        chunk = response.read1(2**16)
        if not chunk:
            if announced is not None and len(content) < announced:
                raise OSError(f"it ended after {len(content)} of {announced} bytes")
            break
        content += chunk
    return bytes(content)
