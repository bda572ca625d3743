"""Headers of every response, and rejections as plain text."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ska_sdp_web.hosts import Hosts

__all__ = ["SecureHeaders", "policy"]


def policy(frame_ancestors: Iterable[str]) -> str:
    """Return the content security policy: nothing of other sites, nothing inline."""
    ancestors = " ".join(frame_ancestors) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )


class SecureHeaders:
    """Application around another one that checks the header Host and adds headers.

    Args:
        app: the other application.
        hosts: allowed hosts.
        frame_ancestors: origins whose pages may embed this one.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, frame_ancestors: Iterable[str]) -> None:
        self._app = app
        self._hosts = hosts
        ancestors = tuple(frame_ancestors)
        self._headers = {
            "Content-Security-Policy": policy(ancestors),
            "X-Content-Type-Options": "nosniff",
            # With no-referrer, a browser sends the forms of this page with the origin "null".
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if not ancestors:
            self._headers["X-Frame-Options"] = "DENY"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; see ASGI."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        app = self._app
        # Probes name the address of the pod, or none.
        is_probe = scope["path"] in ("/healthz", "/readyz")
        if not is_probe and not self._hosts.allows(Headers(scope=scope).get("host")):
            text = "This host name is not allowed: start the server with --allowed-host NAME.\n"
            app = PlainTextResponse(text, 403)
        await app(scope, receive, send_with_headers)
