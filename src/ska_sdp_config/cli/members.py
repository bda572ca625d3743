"""Status of each server of the database, by the backend with its login and by HTTP."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

import grpc

from ska_sdp_config.store.errors import ConfigConnectionError, LoginRejected

if TYPE_CHECKING:
    from ska_sdp_config.drivers.etcd.channel import Channel, MakeChannel
    from ska_sdp_config.drivers.etcd.client import Attempt
    from ska_sdp_config.drivers.etcd.login import Metadata
    from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = [
    "Fetch",
    "MaintenanceCall",
    "Member",
    "make_fetch",
    "make_maintenance_call",
    "read_member",
]

ALARMS = ("NONE", "NOSPACE", "CORRUPT")
"""Names of etcd's alarms by their numbers."""

_IN_USE = 9
"""Number of the field dbSizeInUse, which the generated messages do not have."""


@dataclass(frozen=True, slots=True)
class Member:
    """Status of one server.

    Attributes:
        endpoint: ``host:port``.
        fault: why its status could not be read, empty if it was.
        is_unreachable: whether the connection was refused.
        is_misconfigured: whether the settings of the connection do not fit it.
        is_login_rejected: whether the login was rejected, or is missing.
        is_denied: whether the user may not read the status.
        version: its version, empty if unknown.
        size: size of its store on disk in bytes; None if unknown.
        in_use: bytes in use.
        has_leader: whether the cluster has a leader.
        alarms: names of the active alarms of the cluster.
        ahead: seconds by which its clock is ahead of ours, at least and at most; None if
            unknown.
    """

    endpoint: str
    fault: str = ""
    is_unreachable: bool = False
    is_misconfigured: bool = False
    is_login_rejected: bool = False
    is_denied: bool = False
    version: str = ""
    size: int | None = None
    in_use: int = 0
    has_leader: bool = True
    alarms: tuple[str, ...] = ()
    ahead: tuple[float, float] | None = None


Fetch = Callable[[str], "tuple[Mapping[str, Any], str]"]
"""Function that fetches JSON from a URL; returns it, and the Date header.

Raises:
    OSError: the server did not respond.
    HTTPException: the response is not HTTP.
"""

MaintenanceCall = Callable[[str, str], "Mapping[str, Any]"]
"""Function that calls ``status`` or ``alarm`` of the maintenance service of an endpoint.

Returns the response in the form of etcd's gateway.

Raises:
    ConfigConnectionError: timeout or rejection.
"""


def read_member(
    endpoint: str,
    url: str,
    fetch: Fetch,
    ask: MaintenanceCall,
    find_fault: Callable[[str], str] = lambda endpoint: "",
) -> Member:
    """Read the status of one server.

    Args:
        endpoint: ``host:port``.
        url: the URL of its HTTP interface.
        fetch: see Fetch.
        ask: see MaintenanceCall.
        find_fault: returns a message about a permanent fault of the connection to an endpoint,
            such as of TLS, or an empty string.
    """
    member = Member(endpoint)
    began = time.time()
    try:
        page, date = fetch(f"{url}/version")
    except (OSError, HTTPException, ValueError) as exc:
        if isinstance(exc.reason if isinstance(exc, URLError) else exc, ConnectionRefusedError):
            # The backend would retry until the timeout.
            return replace(member, fault="connection refused", is_unreachable=True)
    else:
        member = replace(
            member,
            version=str(page.get("etcdserver", "")),
            ahead=_ahead(date, began, time.time()),
        )
    if not member.version and (fault := find_fault(endpoint)):
        return replace(member, fault=fault, is_misconfigured=True)
    try:
        status = ask(endpoint, "status")
        member = replace(
            member,
            version=str(status.get("version", member.version)),
            # In proto3 JSON 64-bit numbers are strings, and defaults are omitted.
            size=int(status.get("dbSize", 0)),
            in_use=int(status.get("dbSizeInUse", 0)),
            has_leader=status.get("leader", "0") not in ("0", 0),
        )
    except ConfigConnectionError as exc:
        member = _with_fault(member, exc)
        if not member.is_denied:
            return member
    try:
        alarms = ask(endpoint, "alarm").get("alarms", ())
    except ConfigConnectionError:
        return member
    return replace(member, alarms=tuple(sorted({str(each["alarm"]) for each in alarms})))


def _with_fault(member: Member, exc: ConfigConnectionError) -> Member:
    from ska_sdp_config.drivers.etcd import errors

    if isinstance(exc, LoginRejected):
        return replace(member, fault=str(exc), is_login_rejected=True)
    cause = exc.__cause__
    if isinstance(cause, grpc.RpcError) and errors.DENIED in errors.words_of(cause):
        return replace(member, is_denied=True)
    return replace(member, fault=str(exc))


def make_maintenance_call(settings: Settings, backend: str) -> MaintenanceCall:
    """Return the function that calls the maintenance service through a backend of a name."""
    from ska_sdp_config.drivers.etcd.client import EtcdClient
    from ska_sdp_config.engine.backend import LEASE_TTL
    from ska_sdp_config.store.connection import Connection

    ask_by = _ask_gateway if backend == "etcd3_revolution1" else _ask_grpc

    def ask(endpoint: str, method: str) -> Mapping[str, Any]:
        of_member = replace(settings, endpoints=(endpoint,))
        make_channel, attempt = ask_by(of_member, method)
        with (
            closing(Connection(LEASE_TTL)) as connection,
            closing(EtcdClient(of_member, connection, make_channel)) as client,
        ):
            answer: Mapping[str, Any] = client.attempt(attempt, settings.timeout)
            return answer

    return ask


def _ask_gateway(settings: Settings, method: str) -> tuple[MakeChannel, Attempt]:
    from ska_sdp_config.drivers.etcd.gateway.channel import gateway_channels

    def attempt(channel: Any, metadata: Metadata, seconds: float) -> Mapping[str, Any]:
        # The JSON has fields that the generated messages do not have.
        page: Mapping[str, Any] = channel.post(f"maintenance/{method}", {}, seconds, metadata)
        return page

    return gateway_channels(settings), attempt


def _ask_grpc(settings: Settings, method: str) -> tuple[MakeChannel, Attempt]:
    from google.protobuf.unknown_fields import UnknownFieldSet
    from pyetcd import etcdrpc

    from ska_sdp_config.drivers.etcd.grpc.channel import grpc_channels

    request = etcdrpc.StatusRequest() if method == "status" else etcdrpc.AlarmRequest()

    def attempt(channel: Channel, metadata: Metadata, seconds: float) -> Mapping[str, Any]:
        answer = channel.call("Maintenance", method.capitalize(), request, seconds, metadata)
        if method == "alarm":
            return {"alarms": [{"alarm": _alarm(each.alarm)} for each in answer.alarms]}
        fields = UnknownFieldSet(answer)
        unknown = {fields[n].field_number: fields[n].data for n in range(len(fields))}
        return {
            "version": answer.version,
            "dbSize": answer.dbSize,
            "dbSizeInUse": unknown.get(_IN_USE, 0),
            "leader": answer.leader,
        }

    return grpc_channels(settings), attempt


def _alarm(number: int) -> str:
    return ALARMS[number] if number < len(ALARMS) else str(number)


def make_fetch(settings: Settings) -> Fetch:
    """Return the function that fetches JSON from a server over HTTP.

    Raises:
        ValueError: a certificate of the settings is invalid.
    """
    from ska_sdp_config.drivers.etcd.gateway.tls import tls_context

    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=tls_context(settings)),
    )

    def open_(url: str) -> AbstractContextManager[Any]:
        try:
            page: AbstractContextManager[Any] = opener.open(url, timeout=settings.timeout)
        except HTTPError as exc:
            # An error response has a Date header too.
            return exc
        return page

    def fetch(url: str) -> tuple[Mapping[str, Any], str]:
        with open_(url) as page:
            date = page.headers.get("Date", "")
            try:
                found = json.load(page)
            except ValueError:
                found = None
        return found if isinstance(found, dict) else {}, date

    return fetch


def _ahead(date: str, began: float, ended: float) -> tuple[float, float] | None:
    """Return by how many seconds, at least and at most, the clock of a Date header is ahead."""
    try:
        given = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None
    return given - ended, given + 1 - began
