"""Prometheus answers every expression of the Grafana dashboards."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_sim.demo.content import scan
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.local import LocalStack
from tests.dashboards.grafana import Expression, expressions
from tests.e2e.subarray import Subarray
from tests.services.prometheus import Prometheus, needs_prometheus
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.long, needs_prometheus]

SUBARRAYS = ("test-sdp/subarray/01", "test-sdp/subarray/02")
JOBS = ("sdp-lmc", "sdp-etcd")


@pytest.fixture(scope="module")
def prometheus(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus that has scraped every target before and after an observation."""
    servers = [str(server.health) for server in stack.servers]
    jobs = dict(zip(JOBS, (servers, [stack.etcd.endpoint]), strict=True))
    with Prometheus(tmp_path_factory.mktemp("prometheus"), jobs) as running:
        wait_for_scrapes(running, stack)
        observe(stack)
        wait_for_scrapes(running, stack)
        yield running


def wait_for_scrapes(prometheus: Prometheus, stack: LocalStack) -> None:
    """Wait until each target was scraped twice from now on."""
    count = 'count_over_time(up{job=~".+"}[1h])'
    before = {labels["instance"]: value for labels, value in prometheus.query(count)}

    def is_scraped() -> bool:
        found = {labels["instance"]: value for labels, value in prometheus.query(count)}
        is_up = [value == 1 for _, value in prometheus.query("up")]
        enough = [value >= before.get(name, 0) + 2 for name, value in found.items()]
        return len(enough) == len(is_up) == len(stack.servers) + 1 and all(enough + is_up)

    wait_until(is_scraped, 60, "each target was scraped twice")


def observe(stack: LocalStack) -> None:
    """Run an observation of one scan, with a rejected command; resource the other subarray."""
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        define_scripts(config)
    subarray, other = (
        Subarray(f"tango://{stack.tango_db.tango_host}/{name}") for name in SUBARRAYS
    )
    other.command("On")
    other.assign()
    subarray.command("On")
    content = subarray.assign()
    subarray.rejection("Scan", scan(1))
    subarray.configure(content.scan_types[0])
    subarray.start_scan(1)
    for command in ("EndScan", "End", "ReleaseAllResources", "Off"):
        subarray.command(command)


@pytest.mark.parametrize("expression", list(expressions("10m")), ids=lambda each: each.place)
def test_expression_has_data(prometheus: Prometheus, expression: Expression) -> None:
    found = prometheus.query(expression.text)
    assert [value for _, value in found if math.isfinite(value)], found
    for labels, _ in found:
        assert set(expression.legend) <= set(labels)


def test_states_are_those_of_the_devices(prometheus: Prometheus) -> None:
    """The panels of states translate numbers to names."""
    (expression,) = [e for e in expressions() if e.place.startswith("sdp-overview.json, obsState")]
    found = {labels["device"]: value for labels, value in prometheus.query(expression.text)}
    assert found == dict(zip(SUBARRAYS, (ObsState.EMPTY, ObsState.IDLE), strict=True))
