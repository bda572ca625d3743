"""HTTP sessions of the etcd gateway's client package."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from etcd3gw.client import Etcd3Client
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from ska_sdp_config.drivers.etcd.gateway.codec import Json
from ska_sdp_config.drivers.etcd.gateway.faults import answer_in, fault
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets, SocketsAdapter
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["HttpSession"]


class HttpSession:
    """HTTP session whose calls can be aborted together.

    Args:
        settings: the endpoints.
        tls: TLS context, or None for HTTP.
        sockets: group for its sockets, by default one without an idle callback.
    """

    def __init__(
        self, settings: Settings, tls: ssl.SSLContext | None, sockets: Sockets | None = None
    ) -> None:
        self._sockets = sockets or Sockets()
        self._session = requests.Session()
        # Ignore proxies and .netrc: they are meant for other hosts.
        self._session.trust_env = False
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers["Content-Type"] = "application/json"
        adapter = SocketsAdapter(self._sockets, tls)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._members = [self._client(endpoint, settings) for endpoint in settings.endpoints]

    @property
    def is_cut(self) -> bool:
        """Whether its calls were aborted for good."""
        return self._sockets.are_cut

    def ask(
        self, member: int, path: str, body: Json, metadata: Metadata, connect: float, total: float
    ) -> Json:
        """Make a call.

        Args:
            member: index of the endpoint.
            path: path of the call, such as ``kv/range``.
            body: the request.
            metadata: sent as headers.
            connect: timeout of connecting, in seconds.
            total: timeout of the whole call, in seconds.

        Raises:
            GatewayError: the call was rejected or not answered.
        """
        timeout = Timeout(connect=connect, total=total)
        with _faults(), self._post(member, path, body, metadata, timeout) as response:
            return answer_in(response.status_code, response.content)

    @contextmanager
    def stream(
        self, member: int, path: str, body: Json, metadata: Metadata, connect: float
    ) -> Iterator[Iterator[Json]]:
        """Make a call that returns a stream of responses; only the idle callback may end it.

        Raises:
            GatewayError: the call was rejected or failed; also raised by the iterator.
        """
        timeout = Timeout(connect=connect, read=None)
        with (
            _faults(),
            self._post(member, path, body, metadata, timeout, stream=True) as response,
        ):
            if response.status_code != 200:
                answer_in(response.status_code, response.content)
            yield (answer_in(200, text) for text in _lines(response))

    def drop_idle(self) -> None:
        """Close idle connections, which may be dead, so that further calls reconnect."""
        self._session.close()

    def cut(self) -> None:
        """Abort all calls, now and later."""
        self._sockets.cut()

    def close(self) -> None:
        """Close all sockets, including those in use."""
        self._sockets.cut()
        self._session.close()

    def _client(self, endpoint: str, settings: Settings) -> Etcd3Client:
        host, _, port = endpoint.rpartition(":")
        protocol = "https" if settings.secure else "http"
        # Without a path, the client requests the version first, without a timeout.
        return Etcd3Client(
            host.strip("[]"), int(port), protocol, api_path="/v3/", session=self._session
        )

    def _post(
        self,
        member: int,
        path: str,
        body: Json,
        metadata: Metadata,
        timeout: Timeout,
        *,
        stream: bool = False,
    ) -> requests.Response:
        client = self._members[member]
        return client.session.post(
            client.get_url(path),
            data=json.dumps(body).encode(),
            headers={_header(name): value for name, value in metadata},
            timeout=timeout,  # type: ignore[arg-type]  # urllib3's class is accepted too
            stream=stream,
            allow_redirects=False,
        )


def _header(name: str) -> str:
    return "Authorization" if name == "token" else f"Grpc-Metadata-{name}"


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, HTTPError, OSError) as exc:
        raise fault(exc) from exc


def _lines(response: requests.Response) -> Iterator[bytes]:
    """Yield the lines of a response as they arrive."""
    parts: list[bytes] = []
    while data := response.raw.read1():
        *lines, rest = data.split(b"\n")
        for line in lines:
            parts.append(line)
            if text := b"".join(parts).strip():
                yield text
            parts.clear()
        parts.append(rest)
