"""Form for the token, and the cookie that the other addresses need."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ska_sdp_web.body import read_body
from ska_sdp_web.hosts import is_same_origin
from ska_sdp_web.login import SESSION_S, Login, TooManyTries, WrongToken

__all__ = ["COOKIE", "LoginRequired", "LoginRoutes"]

COOKIE = "ska-sdp-session"
"""Name of the cookie with the ID of the session."""

MAX_FORM_BYTES = 8192

_FREE = ("/login", "/static/login.css", "/healthz", "/readyz")
"""Addresses that need no cookie."""

_MARK = "<!-- error -->"
"""Comment in the form that the text of an error replaces."""


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
            accepts_html = "text/html" in connection.headers.get("accept", "")
            is_page = scope["method"] in ("GET", "HEAD") and accepts_html
            app = (
                RedirectResponse("/login", 303)
                if is_page and not path.startswith(("/static/", "/events"))
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
        return self._page("", 200)

    async def _log_in(self, request: Request) -> Response:
        if not _is_same_origin(request):
            return PlainTextResponse("The request comes from another site.\n", 403)
        body = await read_body(request, MAX_FORM_BYTES)
        token = parse_qs(body.decode(errors="replace")).get("token", [""])[0]
        address = request.client.host if request.client else ""
        try:
            session = self._login.log_in(token, address)
        except WrongToken:
            return self._page("The token is wrong.", 403)
        except TooManyTries as error:
            seconds = int(error.delay) + 1
            page = self._page(f"Too many wrong tokens: try again in {seconds} s.", 429)
            page.headers["Retry-After"] = str(seconds)
            return page
        response = RedirectResponse("/", 303)
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

    def _page(self, error: str, status: int) -> Response:
        text = (self._static / "login.html").read_text(encoding="utf-8")
        part = f'<p role="alert" class="error">{error}</p>' if error else ""
        return HTMLResponse(text.replace(_MARK, part), status, {"Cache-Control": "no-store"})


def _is_same_origin(request: Request) -> bool:
    return is_same_origin(request.headers.get("origin"), request.headers.get("host"))


def _is_https(request: Request) -> bool:
    """Return whether the viewer uses https, also to a proxy before this server.

    Any client may set the header. A wrong one only makes its own cookie useless.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in (forwarded.lower(), request.url.scheme)
