"""Requests to the page's server, with any headers."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from tests.support.waiting import CALL

__all__ = ["Answer", "log_in", "request"]


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str


def request(
    endpoint: str,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
) -> Answer:
    """Send a request; redirects are not followed."""
    connection = http.client.HTTPConnection(endpoint, timeout=CALL)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, text)
    finally:
        connection.close()


def origin_of(endpoint: str) -> dict[str, str]:
    """Return the header that a browser sends with a POST of the page."""
    return {"Origin": f"http://{endpoint}"}


def log_in(endpoint: str, token: str, wanted: str = "", **headers: str) -> Answer:
    """Send the form of the login, which leads to an address."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return request(
        endpoint,
        "/login",
        method="POST",
        headers={**origin_of(endpoint), **form, **headers},
        body=urlencode({"token": token, "next": wanted}),
    )


def cookie_of(answer: Answer) -> dict[str, str]:
    """Return the header with the cookie that an answer has set."""
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
