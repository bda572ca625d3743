"""Calls to etcd's gateway: which member, which login, how long, and again if that does no harm."""

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
    """A cluster as its gateways show it. One member is asked, and when it fails another.

    Args:
        settings: where the members are and how to log in.
        connection: is told of questions, answers and failures.

    Raises:
        ValueError: a certificate of the settings is not one.
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
        self._is_parents = False

    @property
    def closed(self) -> bool:
        """Whether it was closed, or belongs to the process that this one was forked from."""
        return self._is_parents or self._closed.is_set()

    def session(self, sockets: Sockets) -> HttpSession:
        """Get a session of one's own."""
        return HttpSession(self.settings, self._tls, sockets)

    def call(
        self, path: str, body: Json, timeout: float, session: HttpSession | None = None
    ) -> Json:
        """Make a call that may be made twice without harm, until it is answered.

        Args:
            path: which call, such as ``kv/range``.
            body: its request.
            timeout: seconds that all attempts together may take.
            session: where to send it, by default the session of all.

        Raises:
            Compacted: the revision asked for is no longer kept.
            LeaseNotFound: the lease is not there.
            ConfigConnectionError: no answer within the time-out, or a refusal.
        """
        return self._until_answered(path, body, timeout, session)

    def call_once(self, path: str, body: Json, timeout: float) -> Json:
        """Make a call that must not be made twice.

        Raises:
            AnswerLost: it may have been carried out, or may yet be.
            LeaseNotFound: it names a lease that is not there; it was not carried out.
            TransactionTooLarge: it is over a bound of the server; it was not carried out.
            ConfigConnectionError: it was refused, or could not be sent within the time-out.
        """
        return self._until_answered(path, body, timeout, once=True)

    @contextmanager
    def stream(self, path: str, body: Json, session: HttpSession) -> Iterator[Iterator[Json]]:
        """Make a call whose answers come one by one, for as long as it takes.

        Args:
            path: which call.
            body: its request.
            session: where to send it; what its sockets do when idle may end it.

        Raises:
            GatewayError: it was refused, or broke; also raised by the iterator.
            ConfigConnectionError: this is closed.
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
                self._login.expired(metadata, exc.details())
            else:
                self._leave(member)
            raise

    def forget_login(self) -> None:
        """Log in anew before the next call."""
        self._login.forget()

    def close(self) -> None:
        """Free the connections; calls in progress end."""
        if self._is_parents:
            return
        with self._lock:
            self._closed.set()
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def leave_to_parent(self) -> None:
        """Keep hands off the connections: this process was forked from the one they serve."""
        self._lock = threading.Lock()
        self._login = Login(self.settings)
        session, self._session = self._session, None
        if session is not None:
            self._is_parents = True
            session.leave_to_parent()

    def closed_error(self) -> ConfigConnectionError:
        """Get what to raise once it is closed."""
        return closed_error(is_parents=self._is_parents)

    def _until_answered(
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
                lost = exc
            if not errors.is_silence(lost):
                raise self._refused(lost) from lost
            self._leave(member)
            if errors.is_out_of_time(lost):
                on.drop_idle()
            if once and lost.was_sent and not errors.was_not_carried_out(lost):
                self.connection.failed()
                raise AnswerLost(errors.words_of(lost)) from lost
            self._check_open(session)
            self._diagnose(self.settings.endpoints[member], lost, faults)
            if end - time.monotonic() <= pause:
                self.connection.failed()
                raise errors.no_answer(self.settings, lost, timeout) from lost
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
        """Make a call, again with another login where that may help."""
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
                    or not self._login.expired(metadata, exc.details())
                ):
                    raise
            else:
                self.connection.answered()
                return answer
            # A member may hear of a new token a little later than the one that gave it.
            self._closed.wait(pause)
        raise AssertionError("There is always another pause.")

    def _metadata(self, session: HttpSession, member: int, timeout: float) -> Metadata:
        def authenticate(seconds: float) -> str:
            body = {"name": self.settings.username, "password": self.settings.password}
            try:
                answer = session.ask(member, "auth/authenticate", body, (), seconds, seconds)
            except GatewayError as exc:
                # It is the call that was not sent.
                exc.was_sent = False
                raise
            return str(answer["token"])

        return self._login.metadata(authenticate, timeout)

    def _refused(self, exc: GatewayError) -> Exception:
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
        # Of a parent's locks nobody knows who holds them.
        self._check_open()
        with self._lock:
            self._check_open()
            if self._session is None:
                self._session = HttpSession(self.settings, self._tls)
            return self._session

    def _leave(self, member: int) -> None:
        """Use another member from now on, if there are several and nobody has done so yet."""
        with self._lock:
            if self._member == member:
                self._member = (member + 1) % len(self.settings.endpoints)

    def _check_open(self, session: HttpSession | None = None) -> None:
        if self.closed or (session is not None and session.is_cut):
            raise self.closed_error()
