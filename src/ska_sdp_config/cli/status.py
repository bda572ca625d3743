"""``ska-sdp status``: the whole system on one screen."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Misconfigured
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.interrupts import end_on_interrupt, stop_on_interrupt
from ska_sdp_config.cli.options import flag
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.store.errors import ConfigConnectionError

if TYPE_CHECKING:
    from ska_sdp_config.cli.database_status import DatabaseStatus
    from ska_sdp_config.cli.members import Member
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.lmc.overview import Overview

__all__ = ["command"]

REDRAW_INTERVAL_S = 0.25
"""Shortest time between two screens of ``--watch``."""

REFRESH_INTERVAL_S = 10.0
"""Longest time between two screens of ``--watch`` on a terminal."""

MEMBERS_INTERVAL_S = 10.0
"""Shortest time between two reads of the status of the servers by ``--watch``."""


def _status(out: Printer, prefix: str, watch: bool) -> int:
    if watch:
        return _watch(out, prefix)
    with stop_on_interrupt():
        members = _read_members()
    with open_backend() as backend:
        overview = _read_once(backend, prefix)
        database = _measured(backend, members)
        _print(out, overview, database, prefix, is_update=False)
    return int(overview.is_failed or database.is_failed)


def _read_once(backend: Backend, prefix: str) -> Overview:
    from ska_sdp_config.cli.overview_reader import OverviewReader

    reader = OverviewReader(prefix)
    for txn in backend.txn():
        overview = reader.read(txn)
    return overview


def _watch(out: Printer, prefix: str) -> int:
    """Print a screen after each change until Ctrl-C; return the exit code of the last one."""
    from ska_sdp_config.cli.overview_reader import OverviewReader

    reader = OverviewReader(prefix)
    is_failed = False
    overview: Overview | None = None
    with end_on_interrupt() as end:
        members, read_at = _read_members(), time.monotonic()
        with open_backend(nullcontext(), waits=True) as backend:
            # Fail at once without a database; calls are retried only during a later outage.
            backend.get("/component")
            # On a terminal the ages must be updated without a change too.
            timeout = REFRESH_INTERVAL_S if sys.stdout.isatty() else None
            watcher = backend.watcher(timeout=timeout, follow=reader.followed)
            end.wake = watcher.trigger
            for _ in watcher:
                for txn in watcher.txn():
                    overview = reader.read(txn, watcher.changed)
                if end.is_set:
                    break
                if overview is None:
                    continue
                if time.monotonic() - read_at > MEMBERS_INTERVAL_S:
                    members, read_at = _read_members(), time.monotonic()
                try:
                    database = _measured(backend, members)
                except ConfigConnectionError:
                    # The next transaction is retried until the outage ends.
                    watcher.trigger()
                else:
                    _print(out, overview, database, prefix, is_update=True)
                    is_failed = overview.is_failed or database.is_failed
                time.sleep(REDRAW_INTERVAL_S)
    return int(is_failed)


def _read_members() -> list[Member]:
    """Read the status of the servers.

    Raises:
        Misconfigured: a setting in the environment is invalid.
        ConfigConnectionError: the settings fit no server.
    """
    from ska_sdp_config.cli.readings import Readings, read_members

    readings = Readings()
    try:
        read_members(readings)
    except ValueError as exc:
        raise Misconfigured(str(exc)) from exc
    if readings.error is not None:
        raise readings.error
    return readings.members


def _measured(backend: Backend, members: list[Member]) -> DatabaseStatus:
    """Return the status of the database with its present latency.

    Raises:
        ConfigConnectionError: the database does not respond.
    """
    from ska_sdp_config.cli.database_status import DatabaseStatus, measure_latency

    return DatabaseStatus(backend.address, tuple(members), measure_latency(backend))


def _print(
    out: Printer, overview: Overview, database: DatabaseStatus, prefix: str, *, is_update: bool
) -> None:
    from ska_sdp_config.cli.overview_document import overview_document
    from ska_sdp_config.cli.overview_lines import overview_lines

    now = datetime.now(timezone.utc)
    out.screen(
        lambda width: overview_lines(overview, database, now, width, prefix),
        lambda: overview_document(overview, database, now, prefix),
        [row.subarray_id for row in overview.subarrays],
        is_update=is_update,
    )


command = make_command(
    "status",
    _status,
    [
        flag(
            "-w",
            "--watch",
            text="Show it after each change, on a terminal also every 10 s, until Ctrl-C.",
        )
    ],
    help="Show the whole system on one screen: the controller and the database; each subarray, "
    "its faults and the commands that end them; processing blocks and deployments by status; the "
    "last commands. Exits with 1 if a subarray is in FAULT, a block or deployment is FAILED or "
    "the database accepts no writes; OFFLINE components do not count. Exits with 5 if the "
    "database is unreachable.",
)
