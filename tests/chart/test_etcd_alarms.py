"""A real etcd exports the series of the alarms."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.chart.etcd_cluster import Cluster, Running, operate
from tests.chart.substitution import run_program
from tests.docs.alarms import OF_ETCD, RULES
from tests.services.health import ask
from tests.support.promql import selectors

SELECTORS = [
    each
    for rule in RULES
    for each in selectors(rule["expr"])
    if each.name and each.name.startswith(OF_ETCD)
]


def values(cluster: Cluster, selector: Any) -> list[float]:
    """Return the values of the series of the first member that match a selector."""
    status, text = ask(cluster.members[0].metrics, "/metrics")
    assert status == 200
    wanted = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
    # Prometheus adds it.
    assert wanted.pop("job") == "sdp-etcd"
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == selector.name and wanted.items() <= sample.labels.items()
    ]


def test_etcd_exports_each_series(running: Running) -> None:
    cluster = running({})
    found = {each.name: values(cluster, each) for each in SELECTORS}
    assert all(len(each) == 1 for each in found.values()), found
    assert found["etcd_server_has_leader"] == [1]
    (size,) = found["etcd_mvcc_db_total_size_in_bytes"]
    assert 0 < size < found["etcd_server_quota_backend_bytes"][0] == 2 * 1024**3


def test_open_etcd_is_detected_by_its_logins(running: Running) -> None:
    (rule,) = (rule for rule in RULES if rule["alert"] == "SdpEtcdOpen")
    revision, logins = selectors(rule["expr"])
    cluster = running({"etcd": {"auth": {"enabled": True}}})
    assert (values(cluster, revision), values(cluster, logins)) == ([1], [0])
    # The job that creates the users has not run, so etcd accepts any login.
    assert operate(cluster) == []
    assert values(cluster, revision) == [1]
    assert values(cluster, logins)[0] > 0
    as_nobody = {"ETCDCTL_USER": "", "ETCDCTL_PASSWORD": ""}
    run_program(
        ["etcdctl", "user", "add", "root:secret"], cluster.etcdctl_environment() | as_nobody
    )
    assert values(cluster, revision)[0] > 1
