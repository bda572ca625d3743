"""Requests that the page's server rejects, and the headers of every response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.web import WebPage
from ska_sdp_web.app import PAGES
from tests.support.waiting import CALL
from tests.web.client import Answer, cookie_of, log_in, origin_of, request
from tests.web.conftest import TOKEN, settings_of
from tests.web.event_stream import EventStream

COMMANDS = "/subarrays/01/commands"
ABORT = json.dumps({"command": "Abort", "argument": None})


@pytest.fixture(scope="module")
def guarded(
    etcd: Etcd, page: WebPage, token_file: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebPage]:
    """Server that lets viewers who log in send commands; no device is there."""
    options = ["--token-file", str(token_file), "--allow-commands"]
    options += ["--allowed-host", "sdp.example"]
    place = tmp_path_factory.mktemp("guarded")
    with WebPage(place, settings_of(etcd), options=options) as server:
        yield server


@pytest.fixture(scope="module")
def cookie(guarded: WebPage) -> dict[str, str]:
    return cookie_of(log_in(guarded.endpoint, TOKEN))


def check_headers(answer: Answer) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/events", 400),
        ("/static/login.css", 200),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
        ("/static/missing.js", 404),
        ("/<script>alert(1)</script>", 404),
        ("/login", 404),
    ],
)
def test_response_has_the_headers_and_repeats_nothing(
    page: WebPage, path: str, status: int
) -> None:
    answer = request(page.endpoint, path)
    assert answer.status == status
    assert "alert" not in answer.text
    check_headers(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/pbs", "/events", "/static/login.css"])
def test_other_methods_are_not_allowed(page: WebPage, method: str, path: str) -> None:
    answer = request(page.endpoint, path, method=method)
    assert answer.status == 405
    check_headers(answer)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("192.0.2.7", 200),
        ("attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("localhost.attacker.example", 403),
        ("localhost@attacker.example", 403),
        ("", 403),
    ],
)
def test_host_of_another_site_is_rejected(page: WebPage, host: str, status: int) -> None:
    answer = request(page.endpoint, "/static/login.css", headers={"Host": host})
    assert answer.status == status
    check_headers(answer)


def test_allowed_host_is_accepted(guarded: WebPage) -> None:
    assert request(guarded.endpoint, "/login", headers={"Host": "sdp.example"}).status == 200
    assert request(guarded.endpoint, "/login", headers={"Host": "x.sdp.example"}).status == 403


def test_commands_are_rejected_unless_allowed(page: WebPage) -> None:
    headers = origin_of(page.endpoint)
    answer = request(page.endpoint, COMMANDS, method="POST", headers=headers, body=ABORT)
    assert answer.status == 403
    assert "--allow-commands" in answer.text
    assert request(page.endpoint, COMMANDS).status == 405


@pytest.mark.parametrize("path", [path.replace("{key:path}", "01") for path in PAGES])
def test_page_without_a_cookie_redirects_to_the_login(guarded: WebPage, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = request(guarded.endpoint, path, method=method)
        assert answer.status == 303
        assert answer.headers["location"].startswith("/login")
    check_headers(answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/events?topic=overview"),
        ("GET", "/static/index.html"),
        ("GET", "/static/login.html"),
        ("POST", COMMANDS),
        ("POST", "/logout"),
    ],
)
@pytest.mark.parametrize("cookie", [None, "ska-sdp-session=guess", "ska-sdp-session="])
def test_request_without_a_session_is_rejected(
    guarded: WebPage, method: str, path: str, cookie: str | None
) -> None:
    headers = {**origin_of(guarded.endpoint), **({"Cookie": cookie} if cookie else {})}
    answer = request(guarded.endpoint, path, method=method, headers=headers, body=ABORT)
    assert answer.status == 401
    check_headers(answer)


def test_probes_and_the_login_need_no_cookie(guarded: WebPage) -> None:
    for path in ("/healthz", "/readyz", "/login", "/static/login.css"):
        assert request(guarded.endpoint, path).status == 200
    assert "<script" not in request(guarded.endpoint, "/login").text


def test_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(guarded: WebPage) -> None:
    answer = log_in(guarded.endpoint, TOKEN)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    parts = {part.strip() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert "secure" not in parts
    assert TOKEN not in cookie
    secure = log_in(guarded.endpoint, TOKEN, **{"X-Forwarded-Proto": "https"})
    assert "; secure" in secure.headers["set-cookie"].lower()
    with EventStream(guarded.endpoint, "overview", headers=cookie_of(answer)) as stream:
        assert stream.wait("hello")["commands_allowed"] is True


def test_login_form_of_another_site_is_rejected(guarded: WebPage) -> None:
    for origin in ("https://attacker.example", "null", "http://localhost:1", "http://[", ""):
        answer = log_in(guarded.endpoint, TOKEN, Origin=origin)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers


def test_logout_ends_the_session(guarded: WebPage) -> None:
    cookie = cookie_of(log_in(guarded.endpoint, TOKEN))
    headers = {**cookie, **origin_of(guarded.endpoint)}
    assert request(guarded.endpoint, "/logout", method="POST", headers=cookie).status == 403
    answer = request(guarded.endpoint, "/logout", method="POST", headers=headers)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert request(guarded.endpoint, "/events?topic=log", headers=cookie).status == 401


@pytest.mark.parametrize(
    "origin", [None, "null", "https://attacker.example", "http://127.0.0.1", "x", "http://["]
)
def test_command_of_another_site_is_rejected(
    guarded: WebPage, cookie: dict[str, str], origin: str | None
) -> None:
    headers = {**cookie, **({"Origin": origin} if origin else {})}
    answer = request(guarded.endpoint, COMMANDS, method="POST", headers=headers, body=ABORT)
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("", 400, "Expected"),
        ("[" * 100_000, 400, "Expected"),
        ("[]", 400, "Expected"),
        ('{"command": "Init"}', 400, "Expected"),
        ('{"command": ["Abort"]}', 400, "Expected"),
        ('{"command": "Scan"}', 400, "Scan needs an argument"),
        ('{"command": "Scan", "argument": {"scan_id": 1}}', 400, "Scan needs an argument"),
        ('{"command": "Abort", "argument": "{}"}', 400, "Abort has no argument"),
        ("x" * (2**20 + 1), 413, "more than"),
    ],
)
def test_invalid_command_is_rejected_with_its_fault(
    guarded: WebPage, cookie: dict[str, str], body: str, status: int, text: str
) -> None:
    headers = {**cookie, **origin_of(guarded.endpoint)}
    answer = request(guarded.endpoint, COMMANDS, method="POST", headers=headers, body=body)
    assert answer.status == status
    assert text in answer.text


def test_command_to_an_unknown_subarray_is_rejected(
    guarded: WebPage, cookie: dict[str, str]
) -> None:
    headers = {**cookie, **origin_of(guarded.endpoint)}
    path = "/subarrays/99/commands"
    answer = request(guarded.endpoint, path, method="POST", headers=headers, body=ABORT)
    assert answer.status == 404


def test_command_is_not_sent_by_get(guarded: WebPage, cookie: dict[str, str]) -> None:
    assert request(guarded.endpoint, COMMANDS, headers=cookie).status == 405


def test_command_that_the_device_cannot_receive_has_the_error_of_tango(
    guarded: WebPage, cookie: dict[str, str]
) -> None:
    headers = {**cookie, **origin_of(guarded.endpoint)}
    body = json.dumps({"command": "Restart", "argument": None})
    answer = request(guarded.endpoint, COMMANDS, method="POST", headers=headers, body=body)
    assert answer.status == 409
    assert json.loads(answer.text)["error"]


def test_wrong_tokens_are_rejected_and_not_in_the_log(guarded: WebPage) -> None:
    assert [log_in(guarded.endpoint, f"guess {each}").status for each in range(2)] == [403] * 2
    assert log_in(guarded.endpoint, TOKEN).status == 303
    assert TOKEN not in guarded.process.output()
    assert "guess" not in guarded.process.output()


@pytest.mark.parametrize("path", ["/", "/pbs/pb-a?sort=status", "/ebs/a%2Fb", "/log"])
def test_login_leads_to_the_requested_page(
    guarded: WebPage, cookie: dict[str, str], path: str
) -> None:
    login = request(guarded.endpoint, path).headers["location"]
    # A link of another site comes without the cookie, the request after it with it.
    again = request(guarded.endpoint, login).text.partition("url=")[2].partition('"')[0]
    again = unescape(again)
    assert again.startswith("/login?next=")
    answer = request(guarded.endpoint, again, headers=cookie)
    assert (answer.status, answer.headers["location"]) == (303, path)
    form = request(guarded.endpoint, again).text
    wanted = unescape(form.partition('name="next" value="')[2].partition('"')[0])
    assert (wanted or "/") == path
    answer = log_in(guarded.endpoint, TOKEN, wanted)
    assert (answer.status, answer.headers["location"]) == (303, path)


@pytest.mark.parametrize(
    "wanted",
    ["//attacker.example", "/\\attacker.example", "https://attacker.example", "\n", "/login", "é"],
)
def test_login_leads_to_no_other_site(guarded: WebPage, wanted: str) -> None:
    answer = log_in(guarded.endpoint, TOKEN, wanted)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    for others in ({}, {"again": "1"}):
        query = urlencode({"next": wanted, **others})
        assert "attacker" not in request(guarded.endpoint, f"/login?{query}").text


def test_markup_in_the_requested_page_is_escaped(guarded: WebPage) -> None:
    query = urlencode({"next": '/"><script>alert(1)</script>'})
    for path in (f"/login?{query}", f"/login?{query}&again=1"):
        assert "<script" not in request(guarded.endpoint, path).text


def test_stream_ends_with_its_session(guarded: WebPage) -> None:
    cookie = cookie_of(log_in(guarded.endpoint, TOKEN))
    with EventStream(guarded.endpoint, "overview", headers=cookie) as stream:
        stream.document("overview")
        headers = {**cookie, **origin_of(guarded.endpoint)}
        assert request(guarded.endpoint, "/logout", method="POST", headers=headers).status == 303
        assert stream.ended.wait(CALL)
