"""Status of the database for ``ska-sdp status``: its servers and its latency."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ska_sdp_config.cli.members import Member
from ska_sdp_config.lmc.states import HealthState

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["DatabaseStatus", "measure_latency"]

TIMED_READS = 5
"""Number of reads whose latency is measured."""


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """Status of the database.

    Attributes:
        address: its address.
        members: its servers; empty for a database without servers.
        latency_s: median duration of a read in s.
    """

    address: str
    members: tuple[Member, ...]
    latency_s: float

    @property
    def faults(self) -> list[str]:
        """Faults of the servers and alarms, each with its server or ``alarm``."""
        faults = [
            f"{each.endpoint}: {' '.join(each.fault.split())}"
            for each in self.members
            if each.fault
        ]
        faults += [
            f"{each.endpoint} has no leader" for each in self.members if not each.has_leader
        ]
        return [*faults, *(f"alarm {alarm} is active" for alarm in self._alarms)]

    @property
    def is_failed(self) -> bool:
        """Whether it accepts no writes, by an alarm or as a server has no leader."""
        return bool(self._alarms) or not all(each.has_leader for each in self.members)

    @property
    def _alarms(self) -> list[str]:
        return sorted({alarm for each in self.members for alarm in each.alarms})

    @property
    def health(self) -> HealthState:
        """DEGRADED if there is a fault, as the database has responded."""
        return HealthState.DEGRADED if self.faults else HealthState.OK

    @property
    def summary(self) -> list[str]:
        """Address, number of servers that respond, and latency."""
        responding = sum(not each.fault for each in self.members)
        members = [f"{responding} of {len(self.members)} members"] if self.members else []
        return [self.address, *members, f"{self.latency_s * 1e3:.1f} ms"]


def measure_latency(backend: Backend) -> float:
    """Return the median duration of a read in s.

    Raises:
        ConfigConnectionError: the database does not respond.
    """
    seconds = []
    for _ in range(TIMED_READS):
        began = time.perf_counter()
        backend.get("/component")
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
