"""Readings of ``doctor``: contents of the database, and the status of its servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ska_sdp_config.backends import backend_name
from ska_sdp_config.cli.advice import needs_force, way_to_delete, way_to_edit
from ska_sdp_config.cli.members import Member, make_fetch, make_maintenance_call, read_member
from ska_sdp_config.cli.objects import COMPONENT, SYSTEM
from ska_sdp_config.entity.codec import decode
from ska_sdp_config.live import values
from ska_sdp_config.operations.ownership import read_owner
from ska_sdp_config.store.errors import ConfigConnectionError, depth_of_path

if TYPE_CHECKING:
    from ska_sdp_config.cli.output import Finding
    from ska_sdp_config.config import Config
    from ska_sdp_config.transaction import Transaction

__all__ = ["MAX_UNREADABLE", "Readings", "Unreadable", "read_database", "read_members"]

TIMED_READS = 20
"""Number of reads whose latency is measured."""

MAX_UNREADABLE = 10
"""Maximum number of findings on unreadable entities."""


class Unreadable(NamedTuple):
    """Entity that cannot be read.

    Attributes:
        fault: the fault.
        edit: command that edits it, without regard to its text if there are many.
        delete: command that deletes it.
    """

    fault: str
    edit: str
    delete: str


@dataclass(slots=True)
class Readings:
    """Readings of the database and its servers.

    Attributes:
        address: the address of the database.
        seconds: the latencies of reads.
        error: the error if the database could not be read.
        revision: its revision.
        keys: the number of keys.
        components: the owners of the components that are alive, by name.
        unreadable: each unreadable entity, by path.
        system: findings on the stored subarrays, blocks and states.
        members: the status of each server; empty for a database without servers.
        username: the user that logs in, None without a login.
        has_certificate: whether a client certificate is set.
    """

    address: str = ""
    seconds: list[float] = field(default_factory=list)
    error: ConfigConnectionError | None = None
    revision: int = 0
    keys: int = 0
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    system: list[Finding] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    username: str | None = None
    has_certificate: bool = False


def read_database(config: Config, prefix: str, readings: Readings) -> None:
    """Read the contents of the database."""
    from ska_sdp_config.cli.system_findings import find_system_faults
    from ska_sdp_config.cli.system_survey import survey_system

    readings.address = config.backend.address
    root = COMPONENT.path(prefix)
    try:
        for txn in config.txn():
            survey = survey_system(txn, prefix)
            readings.keys = survey.keys
            readings.system = list(find_system_faults(survey, prefix))
            readings.revision = txn.revision
            # On the backend's transaction: others leave out the texts that are not JSON.
            owners = txn.raw.list_values(root, [depth_of_path(COMPONENT.leaf)])
            readings.unreadable = _find_unreadable(txn, prefix)
        for path, text in owners:
            value = values.read(text)
            if path.endswith(COMPONENT.leaf):
                name = path[len(root) : -len(COMPONENT.leaf)]
                readings.components[name] = value if isinstance(value, dict) else {}
        for _ in range(TIMED_READS):
            began = time.perf_counter()
            config.backend.get("/component")
            readings.seconds.append(time.perf_counter() - began)
    except ConfigConnectionError as exc:
        faults = _misconfigured(readings)
        readings.error = ConfigConnectionError(faults[0]) if faults else exc


def _find_unreadable(txn: Transaction, prefix: str) -> dict[str, Unreadable]:
    """Return all entries that listings of the library skip, by path."""
    faults: dict[str, str] = {}
    for entities in (
        txn.execution_block,
        txn.processing_block,
        txn.deployment,
        txn.script,
        txn.flow,
        txn.dependency,
        txn.resource,
        txn.request,
        txn.allocation,
    ):
        faults.update(entities.query_unreadable())
    faults.update(_unreadable_entries(txn, prefix))
    paths = sorted(faults)
    # There may be thousands.
    texts = txn.raw.peek_many(paths[:MAX_UNREADABLE])
    found: dict[str, Unreadable] = {}
    for path in paths:
        text = texts.get(path)
        force = text is not None and needs_force(path, text, prefix)
        commands = (way_to_edit(path, prefix, force=force), way_to_delete(path, prefix))
        found[path] = Unreadable(faults[path], *commands)
    return found


def _unreadable_entries(txn: Transaction, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the device entries that are not JSON, an invalid system entry and invalid owners."""
    try:
        txn.system.get()
    except ValueError as error:
        yield SYSTEM.path(prefix), str(error)
    for root, leaf, read in (
        (f"{prefix}/lmc/", "", decode),
        (COMPONENT.path(prefix), COMPONENT.leaf, read_owner),
    ):
        for path, text in txn.raw.list_values(root, recurse=1):
            if not path.endswith(leaf):
                continue
            try:
                read(text, path)
            except ValueError as error:
                yield path, str(error)


def read_members(readings: Readings) -> None:
    """Read the status of each server; set the error if the settings fit none of them."""
    backend = backend_name()
    if backend == "memory":
        return
    from ska_sdp_config.drivers.etcd.diagnosis import find_fault
    from ska_sdp_config.drivers.etcd.settings import Settings

    settings = Settings.load()
    readings.username = settings.username
    readings.has_certificate = settings.certificate is not None
    fetch, ask = make_fetch(settings), make_maintenance_call(settings, backend)
    scheme = "https" if settings.secure else "http"
    for endpoint in settings.endpoints:
        member = read_member(
            endpoint, f"{scheme}://{endpoint}", fetch, ask, partial(find_fault, settings)
        )
        readings.members.append(member)
    faults = _misconfigured(readings)
    if len(faults) == len(settings.endpoints):
        readings.error = ConfigConnectionError(faults[0])


def _misconfigured(readings: Readings) -> list[str]:
    """Return the faults of the servers whose connections do not fit the settings."""
    return [member.fault for member in readings.members if member.is_misconfigured]
