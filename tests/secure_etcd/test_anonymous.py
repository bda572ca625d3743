"""What a client without a login, or without a certificate, may do: every call of every version."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest
from pyetcd import etcdrpc

from tests.connection.certificates import Authority
from tests.secure_etcd.anonymous import CALLS, PAGES, Call, Outcome, over_gateway, over_grpc, page
from tests.secure_etcd.secured import Secured
from tests.services.versions import EVERY_VERSION

pytestmark = EVERY_VERSION

OPEN_BEFORE_3_5_30 = {
    "KV.Compact",
    "Lease.LeaseGrant",
    "Lease.LeaseRevoke",
    "Lease.LeaseKeepAlive",
    "Lease.LeaseTimeToLive",
    "Lease.LeaseLeases",
    "Cluster.MemberList",
    "Maintenance.Status",
    "Maintenance.MoveLeader",
    "Maintenance.Downgrade",
    "Maintenance.Alarm",
    "Election.Proclaim",
    "Election.Resign",
}
"""Calls that a server which only demands logins permits to everybody."""

ABSENT_IN_3_4 = {"Maintenance.Downgrade"}

OPEN_TO_CERTIFICATES_SINCE_3_5_30 = {
    "Lease.LeaseGrant",
    "Lease.LeaseRevoke",
    "Lease.LeaseKeepAlive",
    "Lease.LeaseTimeToLive",
    "Lease.LeaseLeases",
    "Cluster.MemberList",
    "Election.Proclaim",
    "Election.Resign",
}
"""Calls that 3.5.30 permits without a login to whoever has a certificate."""

LOGIN = "Auth.Authenticate"
"""The call by which a client logs in: open by its nature."""

OPEN_DURING_NOSPACE = {"KV.DeleteRange", "Auth.AuthDisable", "Auth.UserAdd"}
"""Some of the calls that every version permits to everybody during the alarm NOSPACE."""

(ALARM,) = (call for call in CALLS if call.method == "Alarm")

BEFORE_ALARM = [call for call in CALLS if call is not ALARM]

Way = Callable[[Call], Outcome]


@dataclass(frozen=True)
class Client:
    """A client of a server, over both transports.

    Attributes:
        secured: the server.
        certificate: its certificate and key, in PEM; None if it has none.
    """

    secured: Secured
    certificate: tuple[Path, Path] | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        authority = self.secured.authority.read_bytes()
        if self.certificate is None:
            return grpc.ssl_channel_credentials(authority)
        certificate, key = (file.read_bytes() for file in self.certificate)
        return grpc.ssl_channel_credentials(authority, key, certificate)

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.secured.authority))
        if self.certificate is not None:
            context.load_cert_chain(*self.certificate)
        return context

    def ways(self) -> dict[str, Way]:
        endpoint = self.secured.etcd.endpoint
        return {
            "gRPC": partial(over_grpc, endpoint, self.credentials()),
            "gateway": partial(over_gateway, endpoint, self.context()),
        }

    def outcomes(self, calls: Collection[Call]) -> dict[tuple[str, str], Outcome]:
        """Make calls over both transports; outcomes by transport and call."""
        return {
            (name, str(call)): way(call) for name, way in self.ways().items() for call in calls
        }

    def pages(self) -> set[str]:
        """Get the paths of the pages that the server shows to this client."""
        endpoint = self.secured.etcd.endpoint
        context = self.context()
        return {path for path in PAGES if page(endpoint, context, path) is Outcome.OPEN}


class Root:
    """The user root of a secured server, over gRPC."""

    def __init__(self, secured: Secured) -> None:
        client = Client(secured, secured.client_pair)
        self._channel = grpc.secure_channel(secured.etcd.endpoint, client.credentials())
        password = (secured.passwords / "root").read_text().strip()
        request = etcdrpc.AuthenticateRequest(name="root", password=password)
        token = etcdrpc.AuthStub(self._channel).Authenticate(request, timeout=60).token
        self._login = (("token", token),)

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def alarm(self, action: etcdrpc.AlarmRequest.AlarmAction) -> list[int]:
        """Change, or get, the alarms; gives the kinds of those that are active."""
        request = etcdrpc.AlarmRequest(action=action, alarm=etcdrpc.NOSPACE)
        stub = etcdrpc.MaintenanceStub(self._channel)
        return [
            each.alarm for each in stub.Alarm(request, timeout=60, metadata=self._login).alarms
        ]

    def revision(self) -> int:
        request = etcdrpc.RangeRequest(key=b"\0", range_end=b"\0", count_only=True)
        stub = etcdrpc.KVStub(self._channel)
        revision: int = stub.Range(request, timeout=60, metadata=self._login).header.revision
        return revision


def having(outcome: Outcome, outcomes: dict[tuple[str, str], Outcome]) -> set[tuple[str, str]]:
    return {each for each, found in outcomes.items() if found is outcome}


def on_both(names: Collection[str]) -> set[tuple[str, str]]:
    return {(way, name) for way in ("gRPC", "gateway") for name in names}


@pytest.fixture
def without_certificates(program: str, tmp_path_factory: pytest.TempPathFactory) -> Secured:
    """A server that only demands logins."""
    return Secured(program, tmp_path_factory.mktemp("login-only"), mutual=False)


def open_calls(version: tuple[int, ...]) -> set[str]:
    if version >= (3, 5, 30):
        return {LOGIN}
    return {LOGIN, *OPEN_BEFORE_3_5_30} - (ABSENT_IN_3_4 if version < (3, 5) else set())


@pytest.mark.long
def test_calls_that_a_login_alone_leaves_open(without_certificates: Secured) -> None:
    with without_certificates.etcd:
        assert without_certificates.users().exit_code == 0
        client = Client(without_certificates)
        # The alarm comes last, as it opens further calls.
        outcomes = client.outcomes(BEFORE_ALARM) | client.outcomes([ALARM])
        expected = open_calls(without_certificates.version)
        assert having(Outcome.OPEN, outcomes) == on_both(expected)
        assert client.pages() == {*PAGES}


def test_login_alone_does_not_protect_a_server_with_the_alarm_nospace(
    without_certificates: Secured,
) -> None:
    """While the alarm is active, etcd skips the check of users on writes, in every version.

    Anybody can then delete keys and disable users, which is why the guide demands client
    certificates for 3.5.30 too.
    """
    with without_certificates.etcd:
        assert without_certificates.users().exit_code == 0
        with Root(without_certificates) as root:
            root.alarm(etcdrpc.AlarmRequest.ACTIVATE)
        calls = [call for call in CALLS if str(call) in OPEN_DURING_NOSPACE]
        outcomes = Client(without_certificates).outcomes(calls)
        assert having(Outcome.OPEN, outcomes) == on_both(OPEN_DURING_NOSPACE)


@pytest.mark.long
def test_no_call_gets_through_without_a_client_certificate(
    secured: Secured, tmp_path: Path
) -> None:
    strangers = Authority(tmp_path).pair("stranger@example.org")
    clients = [Client(secured), Client(secured, (strangers.certificate, strangers.key))]
    with Root(secured) as root:
        before = root.revision()
        for alarms in (False, True):
            if alarms:
                root.alarm(etcdrpc.AlarmRequest.ACTIVATE)
            for client in clients:
                outcomes = client.outcomes(CALLS)
                through = {
                    each: outcome
                    for each, outcome in outcomes.items()
                    if outcome not in (Outcome.NOT_CONNECTED, Outcome.NOT_SERVED)
                }
                assert through == {}
                assert client.pages() == set()
            assert bool(root.alarm(etcdrpc.AlarmRequest.GET)) is alarms
        root.alarm(etcdrpc.AlarmRequest.DEACTIVATE)
        assert root.revision() == before


@pytest.mark.long
def test_calls_that_a_client_certificate_without_a_login_opens(secured: Secured) -> None:
    """The certificate is the same for all clients: rights depend on the login."""
    outcomes = Client(secured, secured.client_pair).outcomes(BEFORE_ALARM)
    expected = open_calls(secured.version) - {str(ALARM)}
    if secured.version >= (3, 5, 30):
        expected |= OPEN_TO_CERTIFICATES_SINCE_3_5_30
    assert having(Outcome.OPEN, outcomes) == on_both(expected)
