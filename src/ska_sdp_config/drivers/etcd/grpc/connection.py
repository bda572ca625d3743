"""Calls to etcd: which member, which login, how long, and again where that does no harm."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.attempts import PermanentFaults, call_pauses, time_share
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.login import Login, Metadata
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.interface import AnswerLost

__all__ = ["Etcd"]

Attempt = Callable[[Channel, Metadata, float], Any]
"""Makes a call on a channel, with metadata, within seconds."""

SHORT = 0.5
"""Seconds for which it means nothing that nothing was heard."""


class Etcd:
    """A connection to one member of a cluster, replaced when it fails.

    Args:
        settings: where the members are and how to log in.
        connection: is told of questions, answers and failures.
    """

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self.connection = connection
        self._login = Login(settings)
        self._lock = threading.Lock()
        self._member = 0
        self._channel: Channel | None = None
        self._channels: weakref.WeakSet[Channel] = weakref.WeakSet()
        self._closed = threading.Event()
        self._was_used = False
        self._is_parents = False

    @property
    def closed(self) -> bool:
        """Whether it was closed, or belongs to the process that this one was forked from."""
        return self._is_parents or self._closed.is_set()

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
        return self._until_answered(_unary(service, method, request), timeout)

    def call_ahead(
        self, service: str, method: str, request: Any, timeout: float
    ) -> Callable[[], Any]:
        """Send a call that ``call`` could make, but do not wait for its answer.

        Returns:
            What waits for the answer; it gives and raises what ``call`` does.

        Raises:
            ConfigConnectionError: this is closed.
        """
        end = time.monotonic() + timeout
        again = _unary(service, method, request)
        sent: Any = None
        # What is wrong is found out, and told, when the answer is waited for.
        with self.channel() as sender, suppress(grpc.RpcError, ValueError):
            metadata = self._log_in(sender, timeout)
            seconds = timeout * time_share(len(self.settings.endpoints), 0)
            sent = sender.method(service, method).future(
                request, timeout=seconds, metadata=metadata
            )

        def attempt(channel: Channel, metadata: Metadata, seconds: float) -> Any:
            nonlocal sent
            first, sent = sent, None
            if first is not None and channel is sender:
                # It is cancelled when the connection is replaced.
                with suppress(grpc.FutureCancelledError):
                    return first.result()
            return again(channel, metadata, seconds)

        return lambda: self._until_answered(attempt, max(0.0, end - time.monotonic()))

    def call_once(self, service: str, method: str, request: Any, timeout: float) -> Any:
        """Make a call that must not be made twice.

        Raises:
            AnswerLost: it may have been carried out, or may yet be.
            LeaseNotFound: it names a lease that is not there; it was not carried out.
            TransactionTooLarge: it is over a bound of the server; it was not carried out.
            ConfigConnectionError: it was refused, or could not be sent.
        """
        return self._until_answered(_unary(service, method, request), timeout, once=True)

    def keep_lease(self, lease: int, timeout: float) -> bool:
        """Keep a lease alive; False says that it has ended.

        Raises:
            ConfigConnectionError: no answer within the time-out, or a refusal.
        """
        request = etcdrpc.LeaseKeepAliveRequest(ID=lease)

        def attempt(channel: Channel, metadata: Metadata, seconds: float) -> Any:
            answers = channel.method("Lease", "LeaseKeepAlive")(
                iter([request]), timeout=seconds, metadata=metadata
            )
            try:
                return next(answers)
            except StopIteration:
                raise ConfigConnectionError(
                    f"The database at {self.settings.address} did not say whether a lease lives."
                ) from None
            finally:
                answers.cancel()

        left: int = self._until_answered(attempt, timeout).TTL
        return left > 0

    def ask_on(
        self, channel: Channel, service: str, method: str, request: Any, timeout: float
    ) -> Any:
        """Make a call on this very channel, once.

        Raises:
            grpc.RpcError: no answer within the time-out, or a refusal.
            ConfigConnectionError: this is closed.
        """
        try:
            return self._logged_in(_unary(service, method, request), channel, timeout)
        except ValueError as exc:
            # gRPC's way to say that the channel is closed.
            raise self.closed_error() from exc

    def watch(self, channel: Channel, requests: Iterator[Any]) -> Any:
        """Open a watch stream on a channel. It breaks when the member loses its leader.

        Raises:
            grpc.RpcError: the login failed.
            ConfigConnectionError: this is closed.
        """
        try:
            metadata = self._log_in(channel, self.settings.timeout)
            return channel.method("Watch", "Watch")(requests, metadata=metadata)
        except ValueError as exc:
            # gRPC's way to say that the channel is closed.
            raise self.closed_error() from exc

    def forget_login(self) -> None:
        """Log in anew before the next call."""
        self._login.forget()

    def channel(self) -> Channel:
        """Borrow the channel to the current member, which is opened if need be.

        Returns:
            The channel, to be used as a context manager, which gives it back.

        Raises:
            ConfigConnectionError: this is closed.
        """
        # Of a parent's locks nobody knows who holds them.
        if self._is_parents:
            raise self.closed_error()
        with self._lock:
            if self._closed.is_set():
                raise self.closed_error()
            channel = self._channel
            if channel is None:
                channel = self._channel = Channel(
                    self.settings, self.settings.endpoints[self._member]
                )
                self._channels.add(channel)
                self._was_used = True
            channel.borrow()
        return channel

    def replace(self, channel: Channel) -> None:
        """From now on use the next member, or the only one by another connection."""
        with self._lock:
            # Of many threads that find it silent, one replaces it.
            if self._channel is not channel:
                return
            self._channel = None
            self._member = (self._member + 1) % len(self.settings.endpoints)
        channel.retire()

    def went_silent(self, channel: Channel, exc: grpc.RpcError, since: float) -> None:
        """Take notice of a call that was not answered, begun at a time of the monotonic clock.

        With one member, gRPC connects again by itself, unless the connection seems to be there.
        """
        are_several = len(self.settings.endpoints) > 1
        if errors.is_out_of_time(exc):
            a_while_ago = time.monotonic() - SHORT
            # Little time is no fault of the server's.
            if since < a_while_ago and (are_several or channel.heard < a_while_ago):
                self.replace(channel)
        elif are_several:
            self.replace(channel)

    def close(self) -> None:
        """Close all channels; calls in progress are cancelled."""
        if self._is_parents:
            return
        with self._lock:
            self._closed.set()
            # The set holds none alive: listed first, so that the last is closed, not just dropped.
            channels = list(self._channels)
            self._channel = None
        for channel in channels:
            channel.close()

    def leave_to_parent(self) -> None:
        """Keep hands off all channels: this process was forked from the one that uses them."""
        self._is_parents = self._was_used
        for channel in list(self._channels):
            channel.leave_to_parent()
        self._lock = threading.Lock()
        self._login = Login(self.settings)

    def closed_error(self) -> ConfigConnectionError:
        """Get what to raise once it is closed."""
        return closed_error(is_parents=self._is_parents)

    def _until_answered(self, attempt: Attempt, timeout: float, *, once: bool = False) -> Any:
        end = time.monotonic() + timeout
        members = len(self.settings.endpoints)
        faults = PermanentFaults(self.settings, end)
        for tries, pause in enumerate(call_pauses()):
            with self.channel() as channel:
                began = time.monotonic()
                seconds = end - began
                if not once:
                    seconds *= time_share(members, tries)
                try:
                    return self._logged_in(attempt, channel, seconds)
                except grpc.RpcError as exc:
                    lost = exc
                except ValueError as exc:
                    if not self.closed:
                        raise
                    # gRPC's way to say that the channel was closed under the call.
                    raise self.closed_error() from exc
            if not errors.is_silence(lost):
                raise self._refused(channel, lost) from lost
            self.went_silent(channel, lost, began)
            if once and not errors.was_not_carried_out(lost):
                self.connection.failed()
                raise AnswerLost(errors.words_of(lost)) from lost
            self._diagnose(channel, lost, faults)
            if end - time.monotonic() <= pause:
                self.connection.failed()
                raise errors.no_answer(self.settings, lost, timeout) from lost
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _logged_in(self, attempt: Attempt, channel: Channel, timeout: float) -> Any:
        """Make a call, again with another login where that may help."""
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
                    or not self._login.expired(metadata, errors.words_of(exc))
                ):
                    raise
            else:
                channel.heard = time.monotonic()
                self.connection.answered()
                return answer
            # A member may hear of a new token a little later than the one that gave it.
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _log_in(self, channel: Channel, timeout: float) -> Metadata:
        def authenticate(seconds: float) -> str:
            request = etcdrpc.AuthenticateRequest(
                name=self.settings.username, password=self.settings.password
            )
            try:
                answer = channel.method("Auth", "Authenticate")(request, timeout=seconds)
            except grpc.RpcError as exc:
                errors.mark_as_not_sent(exc)
                raise
            token: str = answer.token
            return token

        return self._login.metadata(authenticate, timeout)

    def _refused(self, channel: Channel, exc: grpc.RpcError) -> Exception:
        channel.heard = time.monotonic()
        was_served = self.connection.last_answer is not None
        if errors.keeps_us_out(exc):
            self.connection.failed()
        else:
            self.connection.answered()
        return errors.refusal(self.settings, exc, was_served=was_served)

    def _diagnose(self, channel: Channel, exc: grpc.RpcError, faults: PermanentFaults) -> None:
        """Fail early if no member can ever be connected to."""
        if not errors.could_not_connect(exc):
            faults.discard(channel.endpoint)
            return
        try:
            faults.diagnose(channel.endpoint, exc)
        except ConfigConnectionError:
            self.connection.failed()
            raise


def _unary(service: str, method: str, request: Any) -> Attempt:
    def attempt(channel: Channel, metadata: Metadata, seconds: float) -> Any:
        return channel.method(service, method)(request, timeout=seconds, metadata=metadata)

    return attempt
