"""Server of the page: starts, and ends within a second of SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from importlib.metadata import version

import uvicorn

from ska_sdp_config.engine.backend import Backend
from ska_sdp_web.app import make_app
from ska_sdp_web.commands import TangoSender
from ska_sdp_web.hub import Hub
from ska_sdp_web.protocol import Protocol
from ska_sdp_web.settings import Settings

__all__ = ["run"]

SHUTDOWN_S = 1
"""Time in which open requests may end, in seconds."""

BACKLOG = 256

Echo = Callable[[str], None]


class _Server(uvicorn.Server):
    """Server that ends the event streams first; otherwise it would wait for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals: ``run`` does."""
        yield


def run(settings: Settings, backend: Backend, echo: Echo) -> None:
    """Serve the page until SIGTERM or Ctrl-C.

    Args:
        settings: the settings.
        backend: the database.
        echo: called with the address, and notes on who can reach it.

    Raises:
        OSError: the address cannot be used.
    """
    with _listen(settings) as listener:
        port = listener.getsockname()[1]
        for line in describe(settings, port):
            echo(line)
        asyncio.run(_serve(settings, backend, listener))


def describe(settings: Settings, port: int) -> Iterator[str]:
    """Yield the address of the page, and who can reach it."""
    name = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    yield f"The page is at http://{name}:{port}/"
    if settings.is_local:
        yield "It listens on this machine only; --bind ADDRESS lets others connect."
    elif settings.token is None:
        yield (
            f"Warning: it listens on {settings.bind}, so everyone who reaches this machine sees "
            "all values of the database. --token-file FILE makes them log in."
        )
    else:
        yield (
            f"Note: it listens on {settings.bind} without encryption: the token can be read on "
            "the network unless a proxy before it serves https."
        )


def _listen(settings: Settings) -> socket.socket:
    """Return the socket to listen on.

    Raises:
        OSError: the address is invalid, or the port is in use.
    """
    try:
        found = socket.getaddrinfo(settings.bind, settings.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("it is no name or address of a host") from error
    family, _, _, _, address = found[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def _serve(settings: Settings, backend: Backend, listener: socket.socket) -> None:
    hub = Hub(backend, settings.prefix, settings.examples if settings.allow_commands else {})
    sender = TangoSender(settings.tango_prefix)
    config = uvicorn.Config(
        make_app(hub, settings, sender, version("ska-sdp-lmc")),
        http=Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level=logging.WARNING,
        # Its lines would have the addresses of all requests.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        hub.end_streams()

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop)
    hub.start(loop)
    try:
        await server.serve(sockets=[listener])
    finally:
        hub.close()
