"""Form for the token, and the cookie that the other addresses need."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ska_sdp_web.body import read_body
from ska_sdp_web.hosts import is_same_origin
from ska_sdp_web.login import DELAY_S, SESSION_S, Login, TooManyTries, WrongToken

__all__ = ["COOKIE", "LoginRequired", "LoginRoutes"]

COOKIE = "ska-sdp-session"
"""Name of the cookie with the ID of the session."""

MAX_FORM_BYTES = 8192

_FREE = ("/login", "/static/login.css", "/healthz", "/readyz")
"""Addresses that need no cookie."""

_NOT_PAGES = ("/static/", "/events")
"""Beginnings of the addresses that no person opens."""

_MARK = "<!-- parts -->"
"""Comment in the form that an error and the requested address replace."""

_CONTINUE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>SDP</title>
<meta http-equiv="refresh" content="0; url=/login?{query}">
</head>
<body><a href="/login?{query}">Continue</a></body>
</html>
"""

MAX_ADDRESS_LENGTH = 2000


class LoginRequired:
    """Application around another one that needs a session for all but a few addresses.

    Args:
        app: the other application.
        login: the sessions.
    """

    def __init__(self, app: ASGIApp, login: Login) -> None:
        self._app = app
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; see ASGI."""
        connection = HTTPConnection(scope)
        app = self._app
        path = scope["path"]
        if path not in _FREE and not self._login.is_valid(connection.cookies.get(COOKIE)):
            is_page = not path.startswith(_NOT_PAGES) and scope["method"] in ("GET", "HEAD")
            app = (
                RedirectResponse(_login_address(scope), 303)
                if is_page
                else PlainTextResponse("Log in first, at /login.\n", 401)
            )
        await app(scope, receive, send)


class LoginRoutes:
    """Handlers of the form.

    Args:
        login: the sessions.
        static: directory of ``login.html``.
    """

    def __init__(self, login: Login, static: Path) -> None:
        self._login = login
        self._static = static

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/login", self._form, methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", self._log_out, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        wanted = _wanted(request.query_params.get("next", ""))
        if self._login.is_valid(request.cookies.get(COOKIE)):
            return RedirectResponse(wanted, 303)
        if "next" in request.query_params and "again" not in request.query_params:
            # A browser that follows a link of another site, as in a mail, does not send the
            # cookie. To this request, which comes from here, it does.
            return HTMLResponse(_CONTINUE.format(query=escape(_query(wanted, again="1"))))
        return self._page("", 200, wanted)

    async def _log_in(self, request: Request) -> Response:
        if not _is_same_origin(request):
            return PlainTextResponse("The request comes from another site.\n", 403)
        body = await read_body(request, MAX_FORM_BYTES)
        form = parse_qs(body.decode(errors="replace"))
        wanted = _wanted(form.get("next", [""])[0])
        try:
            session = await self._login.log_in(form.get("token", [""])[0])
        except TooManyTries:
            page = self._page(
                "The token is wrong, like many others now: try again later.", 429, wanted
            )
            page.headers["Retry-After"] = str(round(DELAY_S))
            return page
        except WrongToken:
            return self._page("The token is wrong.", 403, wanted)
        response = RedirectResponse(wanted, 303)
        response.set_cookie(
            COOKIE,
            session,
            max_age=SESSION_S,
            path="/",
            secure=_is_https(request),
            httponly=True,
            samesite="strict",
        )
        return response

    async def _log_out(self, request: Request) -> Response:
        if not _is_same_origin(request):
            return PlainTextResponse("The request comes from another site.\n", 403)
        self._login.log_out(request.cookies.get(COOKIE))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    def _page(self, error: str, status: int, wanted: str) -> Response:
        text = (self._static / "login.html").read_text(encoding="utf-8")
        parts = f'<p role="alert" class="error">{error}</p>' if error else ""
        if wanted != "/":
            parts += f'<input type="hidden" name="next" value="{escape(wanted)}">'
        return HTMLResponse(text.replace(_MARK, parts), status, {"Cache-Control": "no-store"})


def _login_address(scope: Scope) -> str:
    """Return the address of the form, which leads back to the requested page."""
    # As it was sent: in the decoded path, a slash in an ID is like any other.
    path = scope["raw_path"].decode("ascii", "replace")
    query = scope["query_string"].decode("ascii", "replace")
    return f"/login?{_query(_wanted(f'{path}?{query}' if query else path))}"


def _query(wanted: str, **others: str) -> str:
    return urlencode({"next": wanted, **others})


def _wanted(address: str) -> str:
    """Return the address to show after the login, ``/`` instead of one of another site."""
    is_own = address.startswith("/") and not address.startswith(("//", "/login", "/logout"))
    is_plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if is_own and is_plain and len(address) <= MAX_ADDRESS_LENGTH else "/"


def _is_same_origin(request: Request) -> bool:
    return is_same_origin(request.headers.get("origin"), request.headers.get("host"))


def _is_https(request: Request) -> bool:
    """Return whether the viewer uses https, also to a proxy before this server.

    Any client may set the header. A wrong one only makes its own cookie useless.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in (forwarded.lower(), request.url.scheme)
