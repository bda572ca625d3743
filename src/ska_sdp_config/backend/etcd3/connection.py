"""Calls to etcd: which member, which credentials, how long, and what an error means."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
from pyetcd import etcdrpc

from ..common import ConfigConnectionError, TransactionTooLarge
from ..connection_state import Connection
from ..store import AnswerLost, Compacted, LeaseNotFound
from .settings import Settings

__all__ = ["Etcd"]

LOGGER = logging.getLogger(__name__)

OPTIONS = [
    # A watch that resumes gets its whole backlog in one message.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Come back soon after the server does.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Notice a peer that is gone without a word. etcd forbids to ask more often.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
    # Each Config has connections of its own, and closes them.
    ("grpc.use_local_subchannel_pool", 1),
]

SILENT = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.ABORTED,
}
"""Codes that say nothing of whether the server acted."""

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.3


class Etcd:
    """A connection to one member of a cluster, replaced by another member's when it fails.

    The channel is opened by the first call: gRPC does not survive a fork before which it was
    used.

    Args:
        settings: where the members are and how to log in.
        connection: is told of answers and failures.
    """

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self.connection = connection
        self.closed = False
        self._lock = threading.Lock()
        self._member = 0
        self._channel: grpc.Channel | None = None
        self._methods: dict[tuple[str, str], Any] = {}
        self._token = ""

    def call(self, service: str, method: str, request: Any, timeout: float) -> Any:
        """Make a call that may be made twice without harm, until it is answered.

        Args:
            service: name of the service, such as ``KV``.
            method: name of its method.
            request: its request.
            timeout: seconds that all attempts together may take.

        Raises:
            Compacted: the revision asked for is no longer kept.
            LeaseNotFound: the lease is not there.
            ConfigConnectionError: no answer within the time-out, or a refusal.
        """
        end = time.monotonic() + timeout
        for pause in _growing_pauses():
            # A member that hangs must leave time to ask the others.
            share = (end - time.monotonic()) / len(self.settings.endpoints)
            try:
                return self._attempt(service, method, request, share)
            except grpc.RpcError as exc:
                if exc.code() not in SILENT:
                    raise self._refusal(exc) from exc
                self.next_member()
                left = end - time.monotonic() - pause
                if left <= 0:
                    self.connection.failed()
                    raise self._no_answer(exc, timeout) from exc
            time.sleep(pause)
        raise AssertionError("There is always another pause.")

    def call_once(self, service: str, method: str, request: Any, timeout: float) -> Any:
        """Make a call that must not be made twice.

        Raises:
            AnswerLost: it may have been carried out, or may yet be.
            LeaseNotFound: it names a lease that is not there; it was not carried out.
            TransactionTooLarge: it is over a bound of the server; it was not carried out.
            ConfigConnectionError: it was refused.
        """
        try:
            return self._attempt(service, method, request, timeout)
        except grpc.RpcError as exc:
            if exc.code() not in SILENT:
                raise self._refusal(exc) from exc
            self.next_member()
            self.connection.failed()
            raise AnswerLost(_words(exc)) from exc

    def keep_lease(self, lease: int, timeout: float) -> bool:
        """Keep a lease alive; False says that it has ended.

        Raises:
            ConfigConnectionError: no answer within the time-out, or a refusal.
        """
        request = etcdrpc.LeaseKeepAliveRequest(ID=lease)
        responses = self._method("Lease", "LeaseKeepAlive")(
            iter([request]), timeout=timeout, metadata=self._credentials(timeout)
        )
        try:
            left: int = next(responses).TTL
        except grpc.RpcError as exc:
            if exc.code() not in SILENT:
                self.forget_login()
                raise self._refusal(exc) from exc
            self.next_member()
            self.connection.failed()
            raise self._no_answer(exc, timeout) from exc
        finally:
            responses.cancel()
        self.connection.answered()
        return left > 0

    def watch(self, requests: Iterator[Any]) -> Any:
        """Open a watch stream, which breaks when the member loses its leader."""
        metadata = (*self._credentials(self.settings.timeout), ("hasleader", "true"))
        return self._method("Watch", "Watch")(requests, metadata=metadata)

    def forget_login(self) -> None:
        """Log in anew before the next call."""
        self._token = ""

    def close(self) -> None:
        """Close the channel; calls in progress are cancelled."""
        with self._lock:
            self.closed = True
            channel, self._channel = self._channel, None
            self._methods.clear()
        if channel is not None:
            channel.close()

    # One call

    def _attempt(self, service: str, method: str, request: Any, timeout: float) -> Any:
        end = time.monotonic() + timeout
        while True:
            token = self._credentials(timeout)
            try:
                response = self._method(service, method)(request, timeout=timeout, metadata=token)
            except grpc.RpcError as exc:
                # These are said before anything is done, so the call may be made again.
                timeout = end - time.monotonic()
                if not (token and _is_about_login(exc)) or timeout <= 0:
                    raise
                self.forget_login()
                continue
            except ValueError as exc:
                # gRPC's way to say that the channel was closed under the call.
                raise self._closed() from exc
            self.connection.answered()
            return response

    def _credentials(self, timeout: float) -> tuple[tuple[str, str], ...]:
        if self.settings.username is None:
            return ()
        token = self._token
        if not token:
            request = etcdrpc.AuthenticateRequest(
                name=self.settings.username, password=self.settings.password
            )
            method = self._method("Auth", "Authenticate")
            token = self._token = method(request, timeout=timeout).token
        return (("token", token),)

    def _method(self, service: str, method: str) -> Any:
        call = self._methods.get((service, method))
        if call is not None:
            return call
        with self._lock:
            if self.closed:
                raise self._closed()
            if self._channel is None:
                self._channel = self._open()
            stub = getattr(etcdrpc, f"{service}Stub")(self._channel)
            call = self._methods[service, method] = getattr(stub, method)
            return call

    def _open(self) -> grpc.Channel:
        endpoint = self.settings.endpoints[self._member]
        if not self.settings.secure:
            return grpc.insecure_channel(endpoint, options=OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            self.settings.ca, self.settings.key, self.settings.certificate
        )
        return grpc.secure_channel(endpoint, credentials, options=OPTIONS)

    def next_member(self) -> None:
        """Use another member from now on, if there are several."""
        if len(self.settings.endpoints) == 1:
            return
        with self._lock:
            self._member = (self._member + 1) % len(self.settings.endpoints)
            channel, self._channel = self._channel, None
            self._methods.clear()
        if channel is not None:
            channel.close()

    # What an error means

    def _refusal(self, exc: grpc.RpcError) -> Exception:
        code, words = exc.code(), _words(exc)
        if code is grpc.StatusCode.OUT_OF_RANGE and "compacted" in words:
            return Compacted(words)
        if code is grpc.StatusCode.NOT_FOUND and "lease" in words:
            return LeaseNotFound(words)
        if "too many operations" in words:
            return TransactionTooLarge(
                f"The transaction has more operations than the database at "
                f"{self.settings.address} takes (etcd's --max-txn-ops, 128 by default, counts "
                "what was read too): nothing was written; split it, or raise --max-txn-ops."
            )
        if "too large" in words or "larger than max" in words:
            return TransactionTooLarge(
                f"The transaction has more bytes than the database at {self.settings.address} "
                "takes (etcd's --max-request-bytes, 1.5 MiB by default): nothing was written; "
                "split it, or raise --max-request-bytes."
            )
        if "authentication failed" in words:
            return ConfigConnectionError(
                f"The database at {self.settings.address} refused the login of user "
                f"{self.settings.username!r}: check SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD."
            )
        return ConfigConnectionError(
            f"The database at {self.settings.address} refused the call: {words}."
        )

    def _no_answer(self, exc: grpc.RpcError, timeout: float) -> ConfigConnectionError:
        return ConfigConnectionError(
            f"The database at {self.settings.address} did not answer within {timeout:.3g} s "
            f"({_words(exc)}): check that etcd runs, and SDP_CONFIG_HOST and SDP_CONFIG_PORT."
        )

    def _closed(self) -> ConfigConnectionError:
        return ConfigConnectionError("This Config is closed: make a new one.")


def _is_about_login(exc: grpc.RpcError) -> bool:
    words = _words(exc)
    return "invalid auth token" in words or "revision of auth store is old" in words


def _words(exc: grpc.RpcError) -> str:
    return str(exc.details() or exc.code().name.lower().replace("_", " ")).rstrip(".")


def _growing_pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
