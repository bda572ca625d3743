"""Cost of many observing subarrays, in one server and in a server each."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tango

from ska_sdp_sim.demo.content import scan
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd

from .by_hand import ByHand
from .observation import Observation, Subscriber
from .observatory import Observatory
from .proc import processor_time, resident
from .records import Record

__all__ = ["records"]

COUNTS = (1, 4, 16)
SCANS_OF_ONE = 200
SCANS_AT_ONCE = 320
"""Scans, in total, while one subarray or all receive commands."""

WARM_UP = 20
PAUSE_S = 0.02
SETTLE_S = 2.0
IDLE_S = 5.0
START_TIMEOUT_S = 120.0
CALL_MS = 30_000


def records() -> Iterator[Record]:
    """Yield a record for each number of subarrays and of servers."""
    for count in COUNTS:
        ids = [f"{number:02}" for number in range(1, count + 1)]
        layouts = {"one": {"all": ids}, "a server each": {each: [each] for each in ids}}
        for servers, instances in layouts.items():
            if count > 1 or servers == "one":
                yield {"subarrays": count, "servers": servers, **_measured(instances)}


def _measured(instances: Mapping[str, Sequence[str]]) -> Record:
    with (
        tempfile.TemporaryDirectory() as directory,
        Etcd(Path(directory)) as etcd,
        Observatory(etcd.endpoint) as observatory,
    ):
        servers = [observatory.subarrays(name, ids) for name, ids in instances.items()]
        start_s = _start(servers)
        by_hand = ByHand(etcd.host, etcd.port)
        subarrays = [observatory.proxy(device) for server in servers for device in server.devices]
        for subarray in subarrays:
            _begin(subarray, by_hand)
        work = _Work(etcd, servers)
        time.sleep(SETTLE_S)
        of_servers, of_etcd, _ = work.cost(lambda: time.sleep(IDLE_S))
        found: Record = {
            "start, s": start_s,
            "memory, bytes": sum(resident(server.process.pid) for server in servers),
            "idle, cores": of_servers / IDLE_S,
            "etcd, idle, cores": of_etcd / IDLE_S,
            **_commands("one", work, subarrays[:1], SCANS_OF_ONE, PAUSE_S),
            **_commands("all", work, subarrays, SCANS_AT_ONCE // len(subarrays), 0.0),
        }
        by_hand.close()
    return found


def _start(servers: Sequence[DeviceServer]) -> float:
    """Start all servers at once; return the seconds until all devices respond."""
    began = time.perf_counter()
    for server in servers:
        server.launch()
    for server in servers:
        while not server.is_ready():
            if not server.running or time.perf_counter() - began > START_TIMEOUT_S:
                raise RuntimeError(server.process.failure_report("did not start"))
            time.sleep(0.05)
    return time.perf_counter() - began


def _begin(subarray: tango.DeviceProxy, by_hand: ByHand) -> None:
    """Lead a subarray to READY."""
    subarray.set_timeout_millis(CALL_MS)
    with Subscriber(subarray, "obsState") as obs_states:
        Observation(subarray, by_hand).begin(obs_states)


def _commands(
    who: str, work: _Work, subarrays: Sequence[tango.DeviceProxy], scans: int, pause_s: float
) -> Record:
    """Scan with some subarrays at once; return the figures of Scan and EndScan."""
    for subarray in subarrays:
        _scans(subarray, WARM_UP // len(subarrays) + 1, 0.0)
    barrier = threading.Barrier(len(subarrays))
    took: list[float] = []

    def run(subarray: tango.DeviceProxy) -> None:
        barrier.wait()
        took.extend(_scans(subarray, scans, pause_s))

    def run_all() -> None:
        with ThreadPoolExecutor(len(subarrays)) as threads:
            # The list raises the failure of a thread.
            list(threads.map(run, subarrays))

    of_servers, of_etcd, seconds = work.cost(run_all)
    quantiles = statistics.quantiles(took, n=100)
    return {
        f"{who}: commands per second": len(took) / seconds,
        f"{who}: p50, s": quantiles[49],
        f"{who}: p99, s": quantiles[98],
        f"{who}: processor time of servers, s": of_servers / len(took),
        f"{who}: processor time of etcd, s": of_etcd / len(took),
    }


def _scans(subarray: tango.DeviceProxy, count: int, pause_s: float) -> list[float]:
    """Send Scan and EndScan alternately; return the seconds of each, from call to return."""
    took = []
    for number in range(count):
        for name, arguments in (("Scan", [scan(number + 1)]), ("EndScan", [])):
            began = time.perf_counter()
            subarray.command_inout(name, *arguments)
            took.append(time.perf_counter() - began)
            time.sleep(pause_s)
    return took


class _Work:
    """Processor time of the servers and of etcd."""

    def __init__(self, etcd: Etcd, servers: Sequence[DeviceServer]) -> None:
        self._etcd = etcd.process.pid
        self._servers = [server.process.pid for server in servers]

    def cost(self, work: Callable[[], object]) -> tuple[float, float, float]:
        """Do work; return the processor time of the servers and of etcd, and the duration."""
        began, before = time.perf_counter(), self._now()
        work()
        seconds, after = time.perf_counter() - began, self._now()
        return after[0] - before[0], after[1] - before[1], seconds

    def _now(self) -> tuple[float, float]:
        return sum(map(processor_time, self._servers)), processor_time(self._etcd)
