"""Application: the addresses of the page, its event stream, and its commands."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from ska_sdp_config.lmc.times import iso
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_web.body import read_body
from ska_sdp_web.commands import Busy, CommandFailed, OutcomeUnknown, Sender
from ska_sdp_web.documents.parts import WITH_MESSAGE
from ska_sdp_web.encoding import encode, message
from ska_sdp_web.headers import SecureHeaders
from ska_sdp_web.hosts import Hosts, is_same_origin
from ska_sdp_web.hub import Hub
from ska_sdp_web.login import Login
from ska_sdp_web.login_pages import COOKIE, LoginRequired, LoginRoutes
from ska_sdp_web.settings import Settings
from ska_sdp_web.streams import MAX_STREAMS, EventResponse, Stream
from ska_sdp_web.topics import MAX_TOPICS, parse_topic

__all__ = ["STATIC", "make_app"]

STATIC = Path(__file__).parent / "static"

PAGES = (
    "/",
    "/subarrays/{key:path}",
    "/pbs",
    "/pbs/{key:path}",
    "/ebs/{key:path}",
    "/deployments",
    "/deployments/{key:path}",
    "/flows",
    "/flows/{key:path}",
    "/log",
)
"""Addresses of the page, which shows the view that its address names."""

UNREADY = {"away": "The database is away.", "behind": "The changes are not shown."}
"""Answer to a probe without a login, by the state of the connection."""

MAX_COMMAND_BYTES = 2**20
"""Size of the body of a command."""


def make_app(hub: Hub, settings: Settings, sender: Sender, version: str) -> ASGIApp:
    """Return the application.

    Args:
        hub: source of the events.
        settings: the settings.
        sender: sender of commands; used only if they are allowed.
        version: version of this program.
    """
    return _Application(hub, settings, sender, version).app


class _Application:
    """Handlers of the requests."""

    def __init__(self, hub: Hub, settings: Settings, sender: Sender, version: str) -> None:
        self._hub = hub
        self._settings = settings
        self._sender = sender
        self._hello = {
            "version": version,
            "commands_allowed": settings.allow_commands,
            "has_login": settings.token is not None,
            "prefix": settings.prefix,
            "examples": dict(settings.examples) if settings.allow_commands else {},
        }
        routes = [
            Route("/subarrays/{key}/commands", self._command, methods=["GET", "POST"]),
            *(Route(path, self._page) for path in PAGES),
            Route("/events", self._events),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        self._login = login = None if settings.token is None else Login(settings.token)
        if login is not None:
            routes += LoginRoutes(login, STATIC).routes()
        app: ASGIApp = Starlette(routes=routes, exception_handlers={HTTPException: _rejection})
        if login is not None:
            app = LoginRequired(app, login)
        self.app = SecureHeaders(app, Hosts(settings.allowed_hosts), settings.frame_ancestors)

    async def _page(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    async def _events(self, request: Request) -> Any:
        names = request.query_params.getlist("topic")
        topics = [parse_topic(name) for name in names]
        valid = {topic for topic in topics if topic is not None}
        if not valid or None in topics or len(names) > MAX_TOPICS:
            text = f"Expected 1 to {MAX_TOPICS} topics, e.g. /events?topic=overview.\n"
            return PlainTextResponse(text, 400)
        if self._hub.stream_count >= MAX_STREAMS:
            text = f"All {MAX_STREAMS} streams are in use: try again later.\n"
            return PlainTextResponse(text, 503, {"Retry-After": "10"})
        stream = Stream(valid)
        now = datetime.now(timezone.utc)
        self._hub.add(stream, message("hello", encode({**self._hello, "time": iso(now)})))
        login, session = self._login, request.cookies.get(COOKIE)

        def is_allowed() -> bool:
            return login is None or login.is_valid(session)

        return EventResponse(stream, self._hub.refresh, self._hub.remove, is_allowed)

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, request: Request) -> Response:
        state = self._hub.state
        if not state.is_current:
            # A probe needs no cookie.
            text = state.error if self._settings.token is None else UNREADY[state.name]
            return PlainTextResponse(f"{text}\n", 503)
        return PlainTextResponse("ok\n")

    async def _command(self, request: Request) -> Response:
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        if not self._settings.allow_commands:
            text = "Commands are not allowed: start the server with --allow-commands."
            return JSONResponse({"error": text}, 403)
        if not is_same_origin(request.headers.get("origin"), request.headers.get("host")):
            return JSONResponse({"error": "The request comes from another site."}, 403)
        body = await read_body(request, MAX_COMMAND_BYTES)
        found = _read_command(body)
        if isinstance(found, str):
            return JSONResponse({"error": found}, 400)
        command, argument = found
        subarray_id = request.path_params["key"]
        if not self._hub.has_subarray(subarray_id):
            return JSONResponse({"error": "There is no such subarray."}, 404)
        try:
            result = await self._sender.send(subarray_id, command, argument)
        except CommandFailed as error:
            return JSONResponse({"error": str(error)}, 409)
        except OutcomeUnknown as error:
            return JSONResponse({"error": str(error)}, 504)
        except Busy as error:
            return JSONResponse({"error": str(error)}, 503)
        return JSONResponse({"result": result})


def _read_command(body: bytes) -> tuple[str, str | None] | str:
    """Return the command and the argument of a body, or what is wrong with it."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    command = given.get("command") if isinstance(given, dict) else None
    if not isinstance(command, str) or command not in TRANSITIONS:
        return f'Expected {{"command": NAME, "argument": TEXT}}, NAME of {", ".join(TRANSITIONS)}.'
    argument = given.get("argument")
    if command in WITH_MESSAGE:
        if not isinstance(argument, str):
            return f"{command} needs an argument, the text of a JSON message."
        return command, argument
    return (command, None) if argument is None else f"{command} has no argument."


async def _rejection(request: Request, error: Exception) -> Response:
    """Return an error as plain text, which repeats nothing of the request."""
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
