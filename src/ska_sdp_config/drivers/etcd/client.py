"""Calls to an etcd cluster, with failover, login and retries."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import codec, errors
from ska_sdp_config.drivers.etcd.attempts import call_pauses, time_share
from ska_sdp_config.drivers.etcd.channel import Channel, ChannelClosed, MakeChannel
from ska_sdp_config.drivers.etcd.login import Login, Metadata
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.interface import AnswerLost

__all__ = ["Attempt", "EtcdClient"]

Attempt = Callable[[Channel, Metadata, float], Any]
"""Makes a call on a channel, with metadata and a timeout in seconds."""

MIN_SILENCE_S = 0.5
"""Timeouts shorter than this do not count against the connection."""


class EtcdClient:
    """Client of a cluster. It uses the channel to one member until that fails.

    Args:
        settings: endpoints and credentials.
        connection: receives requests, responses and failures.
        make_channel: creates channels, of gRPC or of the gateway.
    """

    def __init__(
        self, settings: Settings, connection: Connection, make_channel: MakeChannel
    ) -> None:
        self.settings = settings
        self.connection = connection
        self._make_channel = make_channel
        self._login = Login(settings)
        self._lock = threading.Lock()
        self._member = 0
        self._channel: Channel | None = None
        self._channels: weakref.WeakSet[Channel] = weakref.WeakSet()
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def call(self, service: str, method: str, request: Any, timeout: float) -> Any:
        """Make an idempotent call, with retries until it gets a response.

        Args:
            service: name of the service, such as ``KV``.
            method: name of the method.
            request: the request message.
            timeout: for all attempts together, in seconds.

        Raises:
            Compacted: the requested revision was compacted.
            LeaseNotFound: the lease has expired.
            ConfigConnectionError: the call timed out or was rejected.
        """
        return self.attempt(_calling(service, method, request), timeout)

    def call_once(self, service: str, method: str, request: Any, timeout: float) -> Any:
        """Make a call that is not idempotent: retry only if it was certainly not executed.

        Raises:
            AnswerLost: the call may have been executed, or may still be.
            LeaseNotFound: the call names an expired lease; it was not executed.
            TransactionTooLarge: a limit of the server is exceeded; it was not executed.
            ConfigConnectionError: the call was rejected, or could not be sent.
        """
        return self.attempt(_calling(service, method, request), timeout, once=True)

    def call_on(
        self, channel: Channel, service: str, method: str, request: Any, timeout: float
    ) -> Any:
        """Make a call on the given channel, without failover.

        Raises:
            grpc.RpcError: the call timed out or was rejected.
            ConfigConnectionError: the client was closed.
        """
        try:
            return self._logged_in(_calling(service, method, request), channel, timeout)
        except ChannelClosed as exc:
            raise closed_error() from exc

    def newest_revision(self, channel: Channel, timeout: float) -> int:
        """Return the newest revision of the member of a channel; see call_on for the errors.

        Args:
            channel: the channel.
            timeout: timeout in seconds.
        """
        request = codec.newest_revision_request()
        revision: int = self.call_on(channel, "KV", "Range", request, timeout).header.revision
        return revision

    def attempt(self, attempt: Attempt, timeout: float, *, once: bool = False) -> Any:
        """Attempt a call until it gets a response; see call, and call_once for ``once``."""
        end = time.monotonic() + timeout
        members = len(self.settings.endpoints)
        faults: dict[str, str] = {}
        for tries, pause in enumerate(call_pauses()):
            with self.channel() as channel:
                began = time.monotonic()
                seconds = end - began
                if not once:
                    seconds *= time_share(members, tries)
                try:
                    return self._logged_in(attempt, channel, seconds)
                except grpc.RpcError as exc:
                    error = exc
                except ChannelClosed as exc:
                    raise closed_error() from exc
            if not errors.is_silence(error):
                raise self._rejection(channel, error) from error
            self.on_no_response(channel, error, began)
            if once and not errors.was_not_executed(error):
                self.connection.failed()
                raise AnswerLost(errors.words_of(error)) from error
            faults[channel.endpoint] = errors.permanent_fault(channel.endpoint, error)
            if len(faults) == members and all(faults.values()):
                self.connection.failed()
                raise ConfigConnectionError(" ".join(faults.values())) from error
            if end - time.monotonic() <= pause:
                self.connection.failed()
                raise errors.no_answer(self.settings, error, timeout) from error
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def log_in(self, channel: Channel) -> Metadata:
        """Return the metadata to send with a call, after a login if one is required.

        Raises:
            grpc.RpcError: the login failed.
            ChannelClosed: the channel was closed.
        """
        return self._log_in(channel, self.settings.timeout)

    def discard_login(self) -> None:
        """Log in again before the next call."""
        self._login.discard_token()

    def channel(self) -> Channel:
        """Acquire the channel to the current member, creating it if necessary.

        Returns:
            The channel; leave it as a context manager to release it.

        Raises:
            ConfigConnectionError: the client was closed.
        """
        with self._lock:
            if self._closed.is_set():
                raise closed_error()
            channel = self._channel
            if channel is None:
                endpoint = self.settings.endpoints[self._member]
                channel = self._channel = self._make_channel(endpoint)
                self._channels.add(channel)
            channel.borrow()
        return channel

    def replace(self, channel: Channel) -> None:
        """Switch to the next member, or to another channel if there is only one member."""
        with self._lock:
            # Several threads may detect the failure; the first one replaces the channel.
            if self._channel is not channel:
                return
            self._channel = None
            self._member = (self._member + 1) % len(self.settings.endpoints)
        channel.retire()

    def on_no_response(self, channel: Channel, exc: grpc.RpcError, since: float) -> None:
        """Replace the channel after a call without a response, unless it will reconnect.

        Args:
            channel: the channel of the call.
            exc: the error of the call.
            since: start of the call, on the monotonic clock.
        """
        are_several = len(self.settings.endpoints) > 1
        if errors.is_out_of_time(exc):
            a_while_ago = time.monotonic() - MIN_SILENCE_S
            # A short timeout is not a fault of the server.
            if since < a_while_ago and (are_several or channel.last_received < a_while_ago):
                self.replace(channel)
        elif are_several:
            self.replace(channel)

    def close(self) -> None:
        """Close all channels, cancelling calls in progress."""
        with self._lock:
            self._closed.set()
            # The set holds weak references: without the list, the last channel could be
            # deallocated without being closed.
            channels = list(self._channels)
            self._channel = None
        for channel in channels:
            channel.close()

    def _logged_in(self, attempt: Attempt, channel: Channel, timeout: float) -> Any:
        """Make a call, with retries after an expired token."""
        end = time.monotonic() + timeout
        for pause in call_pauses():
            metadata = self._login.ready or self._log_in(channel, end - time.monotonic())
            self.connection.asked()
            try:
                answer = attempt(channel, metadata, max(0.001, end - time.monotonic()))
            except grpc.RpcError as exc:
                is_late = time.monotonic() + pause > end
                if (
                    not errors.may_login_help(exc, metadata)
                    or is_late
                    or not self._login.on_token_rejected(metadata, errors.words_of(exc))
                ):
                    raise
            else:
                channel.last_received = time.monotonic()
                self.connection.answered()
                return answer
            # Members other than the issuer accept a new token with a delay.
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _log_in(self, channel: Channel, timeout: float) -> Metadata:
        def authenticate(seconds: float) -> str:
            request = etcdrpc.AuthenticateRequest(
                name=self.settings.username, password=self.settings.password
            )
            try:
                answer = channel.call("Auth", "Authenticate", request, seconds, ())
            except grpc.RpcError as exc:
                errors.mark_as_not_sent(exc)
                raise
            token: str = answer.token
            return token

        return self._login.metadata(authenticate, timeout)

    def _rejection(self, channel: Channel, exc: grpc.RpcError) -> Exception:
        channel.last_received = time.monotonic()
        was_served = self.connection.last_answer is not None
        if errors.rejects_user(exc):
            self.connection.failed()
        else:
            self.connection.answered()
        return errors.rejection(self.settings, exc, was_served=was_served)


def _calling(service: str, method: str, request: Any) -> Attempt:
    def attempt(channel: Channel, metadata: Metadata, seconds: float) -> Any:
        return channel.call(service, method, request, seconds, metadata)

    return attempt
