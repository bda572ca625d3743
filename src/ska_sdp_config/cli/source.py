"""Files and URLs that a command is given."""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError

from ska_sdp_config.cli.errors import Failed

__all__ = ["MOST_BYTES", "SECONDS", "read_text"]

MOST_BYTES = 8 * 2**20
"""How large what is read may be."""

SECONDS = 30.0
"""How long fetching it may take."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCHEMES = ("http", "https")


def read_text(source: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> str:
    """Read a file, an http or https URL, or, for ``-``, standard input.

    Args:
        source: which.
        seconds: how long fetching a URL may take.
        most_bytes: how large it may be.

    Raises:
        Failed: it cannot be read, is too large, or is no UTF-8 text.
    """
    url = _URL.match(source)
    if url is not None and "@" in source.split("/")[2]:
        # The message does not repeat it: it may hold a password.
        raise Failed("The URL names a user: fetch the file by other means, and give its path.")
    if url is None:
        content = _read_file(source, most_bytes)
    elif url[1].lower() in _SCHEMES:
        content = _fetch(source, seconds, most_bytes)
    else:
        raise Failed(
            f"{source} was not read: only http and https URLs are; give a file by its path."
        )
    if len(content) > most_bytes:
        raise Failed(f"{source} has more than {most_bytes // 2**20} MiB: split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Failed(
            f"{source} is no UTF-8 text (byte {exc.start}): nothing was changed."
        ) from exc


def _read_file(source: str, most_bytes: int) -> bytes:
    try:
        if source == "-":
            return sys.stdin.buffer.read(most_bytes + 1)
        with Path(source).open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as exc:
        raise Failed(f"{source} cannot be read: {exc.strerror or exc}; check the path.") from exc


def _opener() -> urllib.request.OpenerDirector:
    """Make what opens http and https and no other scheme, wherever a redirect leads."""
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


def _fetch(url: str, seconds: float, most_bytes: int) -> bytes:
    end = time.monotonic() + seconds
    try:
        with _opener().open(url, timeout=seconds) as response:
            return _read_until(response, end, most_bytes)
    except HTTPError as exc:
        exc.close()
        reason = f"the server answered {exc.code} {exc.reason}"
    except URLError as exc:
        reason = _reason(exc.reason)
    except (OSError, HTTPException, ValueError) as exc:
        reason = _reason(exc)
    raise Failed(f"{url} cannot be fetched: {reason}; check the URL.")


def _reason(error: object) -> str:
    return f"no answer came in time ({error})" if isinstance(error, TimeoutError) else str(error)


def _read_until(response: HTTPResponse, end: float, most_bytes: int) -> bytes:
    """Read all, or so much that it is seen to be too large. A slow trickle ends in time.

    Raises:
        OSError: it took too long, or is not whole: the beginning of a YAML document mostly is
            one too, and means something else.
    """
    announced = response.length
    content = bytearray()
    while len(content) <= most_bytes:
        if time.monotonic() > end:
            raise TimeoutError("it trickles")
        chunk = response.read1(2**16)
        if not chunk:
            if announced is not None and len(content) < announced:
                raise OSError(f"it broke off after {len(content)} of {announced} bytes")
            break
        content += chunk
    return bytes(content)
