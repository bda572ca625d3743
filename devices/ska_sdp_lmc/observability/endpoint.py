"""HTTP endpoint for ``/livez``, ``/readyz`` and ``/metrics``, independent of Tango."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader, BytesIO
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ska_sdp_lmc.observability import scrape
from ska_sdp_lmc.observability.connections import HttpThread
from ska_sdp_lmc.observability.metrics import REGISTRY
from ska_sdp_lmc.observability.process import PROCESS, Reason

__all__ = ["PATHS", "EndpointError", "serving"]


class EndpointError(ValueError):
    """The endpoint cannot listen on its address; the text gives address and cause."""


Response = tuple[HTTPStatus, str, bytes]


def _health(name: str, reasons: Sequence[Reason], as_text: bool) -> Response:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    if as_text:
        lines = [reason.sentence for reason in reasons] or ["ok"]
        return status, "text/plain; charset=utf-8", "".join(f"{x}\n" for x in lines).encode()
    document = {name: not reasons, "reasons": [reason.document() for reason in reasons]}
    return status, "application/json", f"{json.dumps(document, indent=2)}\n".encode()


def _livez(as_text: bool) -> Response:
    return _health("live", PROCESS.why_not_live(), as_text)


def _readyz(as_text: bool) -> Response:
    return _health("ready", PROCESS.why_not_ready(), as_text)


def _metrics(as_text: bool) -> Response:
    return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)


PATHS: dict[str, Callable[[bool], Response]] = {
    "/livez": _livez,
    "/readyz": _readyz,
    "/metrics": _metrics,
}
"""Response by path; the argument selects plain text instead of JSON."""


class _Request(BaseHTTPRequestHandler):
    """Request parsed from its head; `response` is the whole response."""

    server_version = "ska-sdp-lmc"
    sys_version = ""

    def __init__(self, head: bytes) -> None:
        # The inherited constructor reads from a socket.
        self.rfile = BufferedReader(BytesIO(head))
        self.wfile = BytesIO()
        self.client_address = ("", 0)
        self.handle_one_request()
        self.response = self.wfile.getvalue()

    def do_GET(self) -> None:
        self._respond(with_body=True)

    def do_HEAD(self) -> None:
        self._respond(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Log nothing, as probes arrive every few seconds."""

    def _respond(self, *, with_body: bool) -> None:
        create_response = PATHS.get(self.path.partition("?")[0])
        if create_response is None:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"Available: {', '.join(PATHS)}")
            return
        status, kind, body = create_response("text/plain" in self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _bound_socket(address: str, port: int) -> socket.socket:
    version = ipaddress.ip_address(address).version
    bound = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


@contextmanager
def serving(address: str, port: int) -> Iterator[None]:
    """Serve the endpoint on an IP address, on a separate thread; port 0 disables it.

    Raises:
        EndpointError: the address is not available.
    """
    if not port:
        yield
        return
    try:
        thread = HttpThread(_bound_socket(address, port), lambda head: _Request(head).response)
        thread.start()
    except OSError as error:
        raise EndpointError(
            f"Cannot serve the health endpoint at {address} port {port} "
            f"({error.strerror or error}): set SDP_LMC_HEALTH_ADDRESS and SDP_LMC_HEALTH_PORT "
            "to an address of this machine and a free port."
        ) from error
    try:
        yield
    finally:
        thread.stop()


scrape.register(REGISTRY, PROCESS)
