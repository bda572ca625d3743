"""Metrics that are collected on each scrape: device states and the counters of the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_config.store.counts import Counted
from ska_sdp_lmc.observability import families
from ska_sdp_lmc.observability.families import Family
from ska_sdp_lmc.observability.process import Process

__all__ = ["Scraped", "register"]

_COUNTED: dict[Counted, Family] = {
    "transactions": families.TRANSACTIONS,
    "committed": families.COMMITTED,
    "conflicts": families.CONFLICTS,
    "retries": families.RETRIES,
    "reconnects": families.RECONNECTS,
    "watches_resumed": families.WATCHES_RESUMED,
}

_SHOWN: tuple[tuple[str, type[IntEnum], Family], ...] = (
    ("obsState", ObsState, families.OBS_STATE),
    ("healthState", HealthState, families.HEALTH_STATE),
)

Sample = tuple[tuple[str, ...], float]


class Scraped(Collector):
    """Collector of the current state of a process: its devices and databases."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering the collector does not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Collect all metrics."""
        process = self._process
        yield _metric(families.LIVE, [((), not process.why_not_live())])
        yield _metric(families.READY, [((), not process.why_not_ready())])
        for attribute, states, family in _SHOWN:
            yield _metric(family, list(self._shown(attribute, states)))
        yield from self._databases()

    def _shown(self, attribute: str, states: type[IntEnum]) -> Iterator[Sample]:
        # A device that DevRestart restarts exists for a while beside its successor: the one that
        # was added last counts.
        by_name = {device.name: device for device in self._process.served()}
        for device in by_name.values():
            found = device.publisher.read(attribute)
            if found is not None:
                for state in states:
                    yield (device.name, state.name), found[0] == state

    def _databases(self) -> Iterator[Metric]:
        samples: dict[Family, list[Sample]] = {
            family: []
            for family in (
                families.CONNECTED,
                *_COUNTED.values(),
                families.WATCH_LAG_REVISIONS,
                families.WATCH_LAG,
                families.WATCH_QUIET,
            )
        }
        for database in self._process.databases():
            labels = (database.prefix,)
            backend = database.config.backend
            samples[families.CONNECTED].append((labels, not database.is_suspended))
            for what, count in backend.counts.read().items():
                samples[_COUNTED[what]].append((labels, count))
            lag = backend.watch_lag()
            if lag is None:
                continue
            samples[families.WATCH_LAG_REVISIONS].append((labels, lag.revisions))
            samples[families.WATCH_LAG].append((labels, lag.seconds))
            if lag.quiet is not None:
                samples[families.WATCH_QUIET].append((labels, lag.quiet))
        for family, found in samples.items():
            yield _metric(family, found)


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.meaning, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, float(value))
    return metric


def register(registry: CollectorRegistry, process: Process) -> None:
    """Register the collectors of a process with a registry."""
    registry.register(Scraped(process))
    ProcessCollector(registry=registry)
