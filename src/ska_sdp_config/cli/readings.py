"""Readings of ``doctor``: what is stored in the database, and the status of its servers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.members import Member, ask_member, asker, fetcher
from ska_sdp_config.cli.objects import COMPONENT
from ska_sdp_config.store.errors import ConfigConnectionError, depth_of_path

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["Readings", "ask_members", "read_database"]

READS = 20
"""How often the time of a read is taken."""


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
        members: the status of each server; nothing for a database without servers.
        username: the user that logs in, None without a login.
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
    username: str | None = None
    has_certificate: bool = False


def read_database(backend: Backend, prefix: str, readings: Readings) -> None:
    """Read what the library can."""
    from ska_sdp_config.cli.unreadable import find_unreadable
    from ska_sdp_config.engine.transaction import MAX_DEPTH

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
    """Get the status of each server."""
    backend = os.environ.get("SDP_CONFIG_BACKEND") or "etcd3"
    if backend == "memory":
        return
    from ska_sdp_config.drivers.etcd.settings import Settings

    settings = Settings.load()
    readings.username = settings.username
    readings.has_certificate = settings.certificate is not None
    fetch, ask = fetcher(settings), asker(settings, backend)
    scheme = "https" if settings.secure else "http"
    for endpoint in settings.endpoints:
        member = ask_member(endpoint, f"{scheme}://{endpoint}", fetch, ask)
        readings.members.append(member)
