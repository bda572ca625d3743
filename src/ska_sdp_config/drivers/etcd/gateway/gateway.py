"""Calls to etcd's JSON gateway, with failover, login and retries."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ska_sdp_config.drivers.etcd import errors
from ska_sdp_config.drivers.etcd.attempts import PermanentFaults, call_pauses, time_share
from ska_sdp_config.drivers.etcd.gateway.codec import Json
from ska_sdp_config.drivers.etcd.gateway.faults import GatewayError
from ska_sdp_config.drivers.etcd.gateway.http_session import HttpSession
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets
from ska_sdp_config.drivers.etcd.gateway.tls import tls_context
from ska_sdp_config.drivers.etcd.login import Login, Metadata
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.interface import AnswerLost

__all__ = ["Gateway"]


class Gateway:
    """Client of the gateways of a cluster. It uses one member until that fails.

    Args:
        settings: endpoints and credentials.
        connection: receives requests, responses and failures.

    Raises:
        ValueError: a certificate in the settings is invalid.
    """

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self.connection = connection
        self._tls = tls_context(settings)
        self._login = Login(settings)
        self._lock = threading.Lock()
        self._member = 0
        self._session: HttpSession | None = None
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def session(self, sockets: Sockets) -> HttpSession:
        """Return another session, which the caller must close."""
        return HttpSession(self.settings, self._tls, sockets)

    def call(
        self, path: str, body: Json, timeout: float, session: HttpSession | None = None
    ) -> Json:
        """Make an idempotent call, with retries until it is answered.

        Args:
            path: path of the call, such as ``kv/range``.
            body: the request.
            timeout: for all attempts together, in seconds.
            session: the session to use, by default the shared one.

        Raises:
            Compacted: the requested revision was compacted.
            LeaseNotFound: the lease has expired.
            ConfigConnectionError: the call timed out or was rejected.
        """
        return self._call_with_retries(path, body, timeout, session)

    def call_once(self, path: str, body: Json, timeout: float) -> Json:
        """Make a call that is not idempotent: retry only if it was certainly not executed.

        Raises:
            AnswerLost: the call may have been executed, or may still be.
            LeaseNotFound: the call names an expired lease; it was not executed.
            TransactionTooLarge: a limit of the server is exceeded; it was not executed.
            ConfigConnectionError: the call was rejected, or could not be sent in time.
        """
        return self._call_with_retries(path, body, timeout, once=True)

    @contextmanager
    def stream(self, path: str, body: Json, session: HttpSession) -> Iterator[Iterator[Json]]:
        """Make a call that returns a stream of responses, without a timeout.

        Args:
            path: path of the call.
            body: the request.
            session: the session to use; the idle callback of its sockets may end the call.

        Raises:
            GatewayError: the call was rejected or failed; also raised by the iterator.
            ConfigConnectionError: the gateway was closed.
        """
        self._check_open(session)
        member = self._member
        seconds = self.settings.timeout
        metadata: Metadata = ()
        try:
            metadata = self._metadata(session, member, seconds)
            with session.stream(member, path, body, metadata, seconds) as answers:
                yield answers
        except GatewayError as exc:
            if errors.is_about_login(exc):
                self._login.on_token_rejected(metadata, exc.details())
            else:
                self._switch_member(member)
            raise

    def discard_login(self) -> None:
        """Log in again before the next call."""
        self._login.discard_token()

    def close(self) -> None:
        """Close the connections, ending calls in progress."""
        with self._lock:
            self._closed.set()
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def closed_error(self) -> ConfigConnectionError:
        """Return the error to raise after it was closed."""
        return closed_error()

    def _call_with_retries(
        self,
        path: str,
        body: Json,
        timeout: float,
        session: HttpSession | None = None,
        *,
        once: bool = False,
    ) -> Json:
        end = time.monotonic() + timeout
        members = len(self.settings.endpoints)
        faults = PermanentFaults(self.settings, end)
        for tries, pause in enumerate(call_pauses()):
            on = session or self._shared_session()
            member = self._member
            left = max(0.001, end - time.monotonic())
            share = left * time_share(members, tries)
            try:
                return self._logged_in(on, member, path, body, share, left if once else share)
            except GatewayError as exc:
                error = exc
            if not errors.is_silence(error):
                raise self._rejection(error) from error
            self._switch_member(member)
            if errors.is_out_of_time(error):
                on.drop_idle()
            if once and error.was_sent and not errors.was_not_carried_out(error):
                self.connection.failed()
                raise AnswerLost(errors.words_of(error)) from error
            self._check_open(session)
            self._diagnose(self.settings.endpoints[member], error, faults)
            if end - time.monotonic() <= pause:
                self.connection.failed()
                raise errors.no_answer(self.settings, error, timeout) from error
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _logged_in(
        self,
        session: HttpSession,
        member: int,
        path: str,
        body: Json,
        connect: float,
        total: float,
    ) -> Json:
        """Make a call, with retries after an expired token."""
        end = time.monotonic() + total
        for pause in call_pauses():
            self.connection.asked()
            metadata = self._metadata(session, member, end - time.monotonic())
            self._check_open(session)
            left = max(0.001, end - time.monotonic())
            try:
                answer = session.ask(member, path, body, metadata, min(connect, left), left)
            except GatewayError as exc:
                is_late = time.monotonic() + pause > end
                if (
                    not errors.may_login_help(exc, metadata)
                    or is_late
                    or not self._login.on_token_rejected(metadata, exc.details())
                ):
                    raise
            else:
                self.connection.answered()
                return answer
            # Members other than the issuer accept a new token with a delay.
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _metadata(self, session: HttpSession, member: int, timeout: float) -> Metadata:
        def authenticate(seconds: float) -> str:
            body = {"name": self.settings.username, "password": self.settings.password}
            try:
                answer = session.ask(member, "auth/authenticate", body, (), seconds, seconds)
            except GatewayError as exc:
                # The login failed, so the call itself was not sent.
                exc.was_sent = False
                raise
            return str(answer["token"])

        return self._login.metadata(authenticate, timeout)

    def _rejection(self, exc: GatewayError) -> Exception:
        was_served = self.connection.last_answer is not None
        if errors.keeps_us_out(exc):
            self.connection.failed()
        else:
            self.connection.answered()
        return errors.refusal(self.settings, exc, was_served=was_served)

    def _diagnose(self, endpoint: str, exc: GatewayError, faults: PermanentFaults) -> None:
        """Fail early if no member can ever be connected to."""
        if not exc.is_of_network or errors.is_out_of_time(exc):
            faults.discard(endpoint)
            return
        try:
            faults.diagnose(endpoint, exc)
        except ConfigConnectionError:
            self.connection.failed()
            raise

    def _shared_session(self) -> HttpSession:
        with self._lock:
            self._check_open()
            if self._session is None:
                self._session = HttpSession(self.settings, self._tls)
            return self._session

    def _switch_member(self, member: int) -> None:
        """Switch to the next member, unless another thread has done so."""
        with self._lock:
            if self._member == member:
                self._member = (member + 1) % len(self.settings.endpoints)

    def _check_open(self, session: HttpSession | None = None) -> None:
        if self.closed or (session is not None and session.is_cut):
            raise self.closed_error()
