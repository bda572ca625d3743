"""What ``doctor`` reads: from the database by the library, from its servers over HTTP."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from ..backend.common import ConfigConnectionError, depth_of_path
from . import values
from .objects import COMPONENT

if TYPE_CHECKING:
    from ..backend.backend import Backend

__all__ = ["Member", "Readings", "ask_member", "ask_members", "read_database"]

READS = 20
"""How often the time of a read is taken."""


@dataclass(frozen=True, slots=True)
class Member:
    """What one server says of itself.

    Attributes:
        endpoint: ``host:port``.
        fault: why it says nothing, empty if it does.
        version: its version.
        size: bytes of its store on disk.
        in_use: bytes of them that hold something.
        has_leader: whether it knows a leader of the cluster.
        alarms: what it complains of.
        ahead: seconds by which its clock may be ahead of ours, at least and at most; None if
            it does not say what time it is.
    """

    endpoint: str
    fault: str = ""
    version: str = ""
    size: int = 0
    in_use: int = 0
    has_leader: bool = True
    alarms: tuple[str, ...] = ()
    ahead: tuple[float, float] | None = None


@dataclass(slots=True)
class Readings:
    """What was read.

    Attributes:
        address: where the database is.
        seconds: how long reads took, each.
        error: why the database could not be read.
        revision: its revision.
        keys: how many there are.
        components: the owners of the components that are alive, by name.
        unreadable: the paths of entities that cannot be read, each with the fault.
        members: what each server says of itself; nothing for a database without servers.
        has_login: whether a user is set.
        has_certificate: whether a client certificate is set.
    """

    address: str = ""
    seconds: list[float] = field(default_factory=list)
    error: ConfigConnectionError | None = None
    revision: int = 0
    keys: int = 0
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    has_login: bool = False
    has_certificate: bool = False


def read_database(backend: Backend, prefix: str, readings: Readings) -> None:
    """Read what the library can."""
    from ..backend.stm import MAX_DEPTH
    from .unreadable import find_unreadable

    readings.address = backend.address
    root = COMPONENT.path(prefix)
    try:
        for txn in backend.txn():
            readings.keys = len(txn.list_keys("/", range(MAX_DEPTH)))
            readings.revision = txn.revision
            owners = txn.list_values(root, [depth_of_path(COMPONENT.leaf)])
            readings.unreadable = find_unreadable(txn, prefix)
        for path, text in owners:
            value = values.read(text)
            if path.endswith(COMPONENT.leaf):
                name = path[len(root) : -len(COMPONENT.leaf)]
                readings.components[name] = value if isinstance(value, dict) else {}
        for _ in range(READS):
            began = time.perf_counter()
            backend.get("/component")
            readings.seconds.append(time.perf_counter() - began)
    except ConfigConnectionError as exc:
        readings.error = exc


def ask_members(readings: Readings) -> None:
    """Ask each server for what it says of itself over HTTP."""
    if os.environ.get("SDP_CONFIG_BACKEND") == "memory":
        return
    from ..backend.etcd3.settings import Settings
    from ..backend.revolution1.tls import tls_context

    settings = Settings.load()
    readings.has_login = settings.username is not None
    readings.has_certificate = settings.certificate is not None
    context = tls_context(settings)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    scheme = "https" if settings.secure else "http"

    def fetch(url: str, data: bytes | None) -> tuple[dict[str, Any], str]:
        with opener.open(url, data, timeout=settings.timeout) as page:
            found: dict[str, Any] = json.load(page)
            return found, page.headers.get("Date", "")

    for endpoint in settings.endpoints:
        readings.members.append(ask_member(endpoint, f"{scheme}://{endpoint}", fetch))


Fetch = Callable[[str, "bytes | None"], "tuple[dict[str, Any], str]"]
"""Fetches JSON from a URL, given what to post if anything; gives it, and the Date header."""


def ask_member(endpoint: str, url: str, fetch: Fetch) -> Member:
    """Ask one server for what it says of itself."""
    try:
        began = time.time()
        version, date = fetch(f"{url}/version", None)
        ended = time.time()
        status, _ = fetch(f"{url}/v3/maintenance/status", b"{}")
    except URLError as exc:
        return Member(endpoint, fault=str(exc.reason))
    except (OSError, ValueError) as exc:
        return Member(endpoint, fault=str(exc))
    return Member(
        endpoint,
        version=str(version.get("etcdserver", "")),
        # 64-bit numbers are texts in this JSON, and what is 0 or false is left out.
        size=int(status.get("dbSize", 0)),
        in_use=int(status.get("dbSizeInUse", 0)),
        has_leader=status.get("leader", "0") not in ("0", 0),
        alarms=tuple(map(str, status.get("errors", ()))),
        ahead=_ahead(date, began, ended),
    )


def _ahead(date: str, began: float, ended: float) -> tuple[float, float] | None:
    """Get by how much a clock may be ahead that gave this date, in whole seconds, meanwhile."""
    try:
        told = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None
    return told - ended, told + 1 - began
