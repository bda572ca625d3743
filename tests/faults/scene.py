"""Everything that runs under faults: cluster, proxies, log of the database, stack and clients."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ska_sdp_sim.stack.etcd import Flag
from tests.faults.clock import Clock
from tests.faults.database_log import DATABASE_LOG, DatabaseLog
from tests.faults.faults.cluster import cluster_faults
from tests.faults.faults.fault import Fault
from tests.faults.faults.network import network_faults
from tests.faults.faults.parts import ClockStepped, client_faults, part_faults
from tests.faults.faults.storage import (
    Compactions,
    Compactor,
    DiskFull,
    QuotaExceeded,
    small_disk,
)
from tests.faults.history import HistoryWriter, read_file
from tests.faults.keeper import CRASHES
from tests.faults.nemesis import Group
from tests.faults.population import Clients
from tests.faults.running import history_of
from tests.faults.settling import Reader
from tests.faults.stack import Stack
from tests.support.cluster import Cluster
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

__all__ = ["Plan", "Scene"]

FLAGS: dict[str, Flag] = {
    # Ten times what the database has between two compactions.
    "quota_backend_bytes": 64 * 2**20,
    # Members that were away for some seconds then need a snapshot at times.
    "snapshot_count": 2_000,
    "max_wals": 2,
    # etcd's defaults, as in operation.
    "heartbeat_interval": 100,
    "election_timeout": 1_000,
}

DISK_MEMBER = 2
"""Index of the member whose disk can be full."""

DISK_MEGABYTES = 768
"""Size of its disk: some log files of 64 MB each, and a database as large as its quota."""

SUBARRAYS = 4

BUSY_PAUSE_S = 0.01
CALM_PAUSE_S = 0.3
OBSERVE_PAUSE_S = 0.5
"""Longest pauses of clients between two operations, for two cores."""

SOAK_OBSERVE_PAUSE_S = 2.0
PRUNE_PAUSE_S = 30.0
"""Longest pauses in a soak; the other writers pause for at most CALM_PAUSE_S."""

READY_WITHIN_S = 120.0
"""Time in which observing clients are ready on a busy machine, in seconds."""

WRITERS = ("counter", "transfers", "lists", "ownership", "commands", "observations", "pruning")
"""Programs that change the database; the others observe."""

STRUCK = ("counter", "transfers", "lists", "ownership", "mirror")
"""Programs whose clients are paused and killed."""


@dataclass(frozen=True)
class Plan:
    """Choice of a run: programs, directory, random seed and kinds of faults.

    Attributes:
        directory: directory of all data, logs and histories.
        etcd: path of the etcd program.
        backend: backend of all processes.
        seed: random seed.
        with_parts: whether parts of the stack and clients are killed and paused.
        with_clock: whether the clock of all processes is stepped, which costs processor time.
        is_soak: whether this is a soak: the clients pause longer, one removes execution blocks
            that have ended, and no fault fills the database, so that memory can stay level.
    """

    directory: Path
    etcd: str
    backend: str
    seed: int
    with_parts: bool = True
    with_clock: bool = True
    is_soak: bool = False


class Scene:
    """The running system. A context manager.

    Attributes:
        skipped: a message for each fault that is not possible on this machine.
        stack: the stack.
        clients: the clients.
    """

    def __init__(self, plan: Plan) -> None:
        self.skipped: list[str] = []
        self._plan = plan
        self._opened = ExitStack()

    def __enter__(self) -> Scene:
        with ExitStack() as opened:
            self._start(opened)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.__exit__(*error)  # type: ignore[arg-type]

    def _start(self, opened: ExitStack) -> None:
        directory = self._plan.directory
        data = [directory / name / "etcd-data" for name in "abc"]
        for each in data:
            # Hundreds of megabytes, of which no checker needs any.
            opened.callback(shutil.rmtree, each, ignore_errors=True)
        self._disk = self._small_disk(opened, data[DISK_MEMBER])
        self._cluster = Cluster(self._plan.etcd, directory, FLAGS)
        opened.callback(self._cluster.stop)
        self._cluster.start()
        self._proxies = [
            opened.enter_context(Proxy(each.host, each.port)) for each in self._cluster.members
        ]
        self._log = opened.enter_context(
            DatabaseLog(self._cluster.endpoints, directory / DATABASE_LOG)
        )
        self._compactor = opened.enter_context(Compactor(self._cluster, self._log))
        self._clock = self._make_clock(directory / "clock") if self._plan.with_clock else None
        self.stack = opened.enter_context(
            Stack(
                directory / "stack",
                [each.endpoint for each in self._proxies],
                self._plan.backend,
                subarrays=SUBARRAYS,
                settings=self._clock.environment if self._clock else {},
                crashes=directory / CRASHES,
            )
        )
        self.clients = opened.enter_context(
            Clients(directory, self.stack.environment, seed=self._plan.seed)
        )
        self._start_clients()

    def _small_disk(self, opened: ExitStack, directory: Path) -> Path | None:
        try:
            opened.enter_context(small_disk(directory, DISK_MEGABYTES))
        except PermissionError as error:
            self.skipped.append(f"no full disk: {error}")
            return None
        return directory

    def _make_clock(self, file: Path) -> Clock | None:
        try:
            return Clock(file, is_cached=True)
        except FileNotFoundError as error:
            self.skipped.append(f"no steps of the clock: {error}")
            return None

    def _start_clients(self) -> None:
        first, *others = self.stack.trls.values()
        # Both servers, if a subarray has two.
        observed = [trl for trls in others for trl in trls]
        observing = [
            *(self.clients.start("subscriber", f"--device={trl}") for trl in [*first, *observed]),
            *(self.clients.start("mirror") for _ in range(2)),
        ]
        wait_until(
            lambda: all(self._is_ready(name) for name in observing),
            READY_WITHIN_S,
            "subscribers and mirrors are ready",
        )
        is_soak = self._plan.is_soak
        busy_s = CALM_PAUSE_S if is_soak else BUSY_PAUSE_S
        writing = [
            self.clients.start(program, f"--pause={pause}")
            for program, pause in (
                ("counter", busy_s),
                *[("counter", CALM_PAUSE_S)] * 2,
                *[("transfers", busy_s)] * 2,
                *[("lists", busy_s)] * 2,
                *[("ownership", CALM_PAUSE_S)] * 3,
                *([("pruning", PRUNE_PAUSE_S)] if is_soak else []),
            )
        ]
        paced = f"--pause={SOAK_OBSERVE_PAUSE_S if is_soak else OBSERVE_PAUSE_S}"
        writing += [
            self.clients.start("commands", f"--device={first[0]}", paced),
            *(self.clients.start("observations", f"--device={trl}", paced) for trl in observed),
        ]
        # Before, SIGTERM ends a client at once.
        wait_until(
            lambda: all(history_of(self._plan.directory, name).exists() for name in writing),
            READY_WITHIN_S,
            "the other clients have begun",
        )

    def _is_ready(self, name: str) -> bool:
        """Return whether a client that observes has recorded its begin."""
        history = history_of(self._plan.directory, name)
        kinds = ("subscribed", "mirroring")
        return history.exists() and any(each.kind in kinds for each in read_file(history))

    def groups(self) -> list[Group]:
        """Return the groups of faults; those of different groups may overlap."""
        chance = random.Random(f"{self._plan.seed} targets")
        cluster: list[Fault] = [*cluster_faults(self._cluster, chance)]
        # Not in a soak: what fills the database would increase the memory of every watcher.
        if not self._plan.is_soak:
            cluster.append(QuotaExceeded(self._cluster, self._log, self._compactor))
            if self._disk is not None:
                cluster.append(DiskFull(self._cluster, self._compactor, DISK_MEMBER, self._disk))
        rows: list[tuple[str, Sequence[Fault], tuple[float, float]]] = [
            ("cluster", cluster, (2, 5)),
            ("network", network_faults(self._proxies, chance), (2, 5)),
            ("compaction", [Compactions(self._compactor)], (8, 15)),
        ]
        if self._plan.with_parts:
            rows += [
                ("parts", part_faults(self.stack, chance), (4, 10)),
                ("clients", client_faults(self.clients, STRUCK, chance), (5, 12)),
            ]
        if self._clock is not None:
            rows.append(("clock", [ClockStepped(self._clock, chance)], (8, 15)))
        return [Group(name, faults, gap, self._plan.seed) for name, faults, gap in rows]

    def processes(self) -> dict[str, int]:
        """Return the process IDs of the parts of the stack and of the clients, by name."""
        parts = {name: part.process.pid for name, part in self.stack.parts.items() if part.running}
        return parts | self.clients.processes

    def check(self) -> None:
        """Raise the error that has ended the compactions, if there was one."""
        self._compactor.check()

    def revive(self) -> list[str]:
        """Start members that have ended, outside faults.

        Return a report of each member that has ended by itself since the last call.
        """
        self._cluster.revive()
        reports = list(self._cluster.endings)
        self._cluster.endings.clear()
        return reports

    def settle(self, seconds: float) -> None:
        """End the clients that write, and wait until the others have to show stable values.

        Args:
            seconds: duration of the wait; it begins again after an outage of the database.

        Raises:
            AssertionError: a client ended by an error, a part of the stack is not ready, or the
                database does not respond for as long.
        """
        endpoint = self._cluster.members[0].endpoint
        with (
            HistoryWriter(history_of(self._plan.directory, "settling"), "settling") as history,
            # From now on, so that an outage while the clients end is recorded too.
            Reader(endpoint, history) as reader,
        ):
            codes = self.clients.end(*WRITERS)
            assert not any(codes.values()), f"clients ended by errors: {codes}"
            self.stack.wait_ready()
            reader.rest(seconds)
        self._log.read()
