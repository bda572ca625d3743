"""Channel to etcd's JSON gateway."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

import grpc
import requests
from etcd3gw.client import Etcd3Client
from pyetcd import etcdrpc
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from ska_sdp_config.drivers.etcd.channel import Channel, ChannelClosed, MakeChannel
from ska_sdp_config.drivers.etcd.codec import watch_request
from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.fragments import whole_revisions
from ska_sdp_config.drivers.etcd.gateway.faults import answer_in, fault
from ska_sdp_config.drivers.etcd.gateway.proto_json import Json, from_json, response_to, to_json
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets, SocketsAdapter
from ska_sdp_config.drivers.etcd.gateway.tls import tls_context
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["GatewayChannel", "gateway_channels"]

CONNECT_TIMEOUT_S = 2.0
"""Longest time for a connection to be made, as over gRPC."""

MAX_WHOLE_RESPONSE = 16_000_000
"""Size of a watch response at most, in bytes of JSON, unless it was requested in parts. A response
is parsed as a whole, which takes about five times its size in memory."""


class GatewayChannel(Channel):
    """Channel over HTTP; see Channel.

    Args:
        tls: TLS context, or None for HTTP.
        endpoint: ``host:port``.
    """

    def __init__(self, tls: ssl.SSLContext | None, endpoint: str) -> None:
        super().__init__(endpoint)
        self._tls = tls
        self._sockets = Sockets()
        self._client = self._connect(self._sockets)
        self._watches: WeakSet[GatewayWatch] = WeakSet()

    def call(
        self, service: str, method: str, request: Any, timeout: float, metadata: Metadata
    ) -> Any:
        """Make a call; see Channel."""
        path = f"{service}/{method.removeprefix('Lease')}".lower()
        answer = self.post(path, to_json(request), timeout, metadata)
        # Responses of methods that are streams over gRPC are wrapped.
        return from_json(answer.get("result", answer), response_to(service, method))

    def post(self, path: str, body: Json, timeout: float, metadata: Metadata) -> Json:
        """Send JSON to a path such as ``kv/range``, and return the JSON of the response.

        Raises:
            grpc.RpcError: the call timed out, failed or was rejected.
            ChannelClosed: the channel was closed before the call.
        """
        if self._closed:
            raise ChannelClosed
        limit = Timeout(connect=min(CONNECT_TIMEOUT_S, timeout), total=timeout)
        with _faults(), _post(self._client, path, body, metadata, limit) as response:
            return answer_in(response.status_code, response.content)

    def watch(
        self, from_revision: int, metadata: Metadata, *, in_parts: bool = False
    ) -> GatewayWatch:
        """Start a watch; see Channel. It has a connection of its own."""
        body = to_json(watch_request(from_revision, in_parts=in_parts))
        # The conversion omits the field, which the generated messages do not have.
        body["create_request"]["fragment"] = in_parts
        sockets = Sockets()
        max_size = None if in_parts else MAX_WHOLE_RESPONSE
        watch = GatewayWatch(self._connect(sockets), sockets, body, metadata, max_size)
        with self._lock:
            if self._closed:
                raise ChannelClosed
            self._watches.add(watch)
        return watch

    def _close(self) -> None:
        self._sockets.cut()
        for watch in list(self._watches):
            watch.cancel()
        self._client.session.close()

    def _connect(self, sockets: Sockets) -> Etcd3Client:
        session = requests.Session()
        # Ignore proxies and .netrc: they are meant for other hosts.
        session.trust_env = False
        session.headers["Accept-Encoding"] = "identity"
        session.headers["Content-Type"] = "application/json"
        adapter = SocketsAdapter(sockets, self._tls)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        host, _, port = self.endpoint.rpartition(":")
        protocol = "https" if self._tls else "http"
        # Without a path, the client requests the version first, without a timeout.
        return Etcd3Client(host.strip("[]"), int(port), protocol, api_path="/v3/", session=session)


class GatewayWatch:
    """Watch over HTTP; see WatchCall.

    The gateway may not report that a watch has ended.
    """

    def __init__(
        self,
        client: Etcd3Client,
        sockets: Sockets,
        body: Json,
        metadata: Metadata,
        max_size: int | None,
    ) -> None:
        self._client = client
        self._sockets = sockets
        self._body = body
        self._metadata = metadata
        self._max_size = max_size

    def __iter__(self) -> Iterator[Any]:
        return whole_revisions(self._parts())

    def _parts(self) -> Iterator[tuple[Any, bool]]:
        """Yield responses, each with whether another part of it follows."""
        limit = Timeout(connect=CONNECT_TIMEOUT_S, read=None)
        is_followed = False
        try:
            with (
                _faults(),
                _post(
                    self._client, "watch", self._body, self._metadata, limit, stream=True
                ) as response,
            ):
                if response.status_code != 200:
                    answer_in(response.status_code, response.content)
                for line in _lines(response, self._max_size):
                    result = answer_in(200, line).get("result", {}) if line else {}
                    if line:
                        is_followed = bool(result.get("fragment"))
                    # A part of a line is a response too, so that a large one on a slow connection
                    # is not taken for silence.
                    yield from_json(result, etcdrpc.WatchResponse()), is_followed
        finally:
            self._client.session.close()

    def cancel(self) -> None:
        """End the call; see WatchCall."""
        self._sockets.cut()


def gateway_channels(settings: Settings) -> MakeChannel:
    """Return the function that creates channels.

    Raises:
        ValueError: a certificate in the settings is invalid.
    """
    return partial(GatewayChannel, tls_context(settings))


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, HTTPError, OSError) as exc:
        raise fault(exc) from exc


def _post(
    client: Etcd3Client,
    path: str,
    body: Json,
    metadata: Metadata,
    limit: Timeout,
    *,
    stream: bool = False,
) -> requests.Response:
    return client.session.post(
        client.get_url(path),
        data=json.dumps(body).encode(),
        headers={_header(name): value for name, value in metadata},
        timeout=limit,  # type: ignore[arg-type]  # urllib3's class is accepted too
        stream=stream,
        allow_redirects=False,
    )


def _header(name: str) -> str:
    return "Authorization" if name == "token" else f"Grpc-Metadata-{name}"


def _lines(response: requests.Response, max_size: int | None) -> Iterator[bytes]:
    """Yield the lines of a response as they arrive, and nothing for each part of a long line.

    Raises:
        CallError: a line has more bytes than the maximum.
    """
    parts: list[bytes] = []
    size = 0

    def add(part: bytes) -> None:
        nonlocal size
        parts.append(part)
        size += len(part)
        if max_size is not None and size > max_size:
            words = f"a response has more than {max_size // 1_000_000} MB"
            raise CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, words)

    while data := response.raw.read1():
        *ends, rest = data.split(b"\n")
        for end in ends:
            add(end)
            if text := b"".join(parts).strip():
                yield text
            parts.clear()
            size = 0
        add(rest)
        if not ends:
            yield b""
