"""Dashboard of etcd."""

from __future__ import annotations

from docs.generate.grafana.document import ETCD_JOB, Query, dashboard, graph, number

__all__ = ["ETCD"]

_JOB = 'job=~"$etcd_job"'
_INSTANCE = "{{instance}}"


def _gauge(metric: str, legend: str = _INSTANCE) -> Query:
    return Query(f"{metric}{{{_JOB}}}", legend)


def _rate(metric: str, legend: str = _INSTANCE) -> Query:
    return Query(f"rate({metric}{{{_JOB}}}[$__rate_interval])", legend)


def _slowest(metric: str) -> Query:
    rate = f"rate({metric}_bucket{{{_JOB}}}[$__rate_interval])"
    return Query(f"histogram_quantile(0.99, sum by (instance, le) ({rate}))", _INSTANCE)


ETCD = dashboard(
    "sdp-lmc-etcd",
    "SDP: etcd",
    "The configuration database: members, space, latency and load.",
    [ETCD_JOB],
    {
        "Now": [
            number(
                "Members that respond",
                "Of the members that Prometheus scrapes.",
                Query(f"sum(up{{{_JOB}}})"),
            ),
            number(
                "Members without a leader",
                "They serve no requests: a majority of the members is down or unreachable.",
                Query(f"sum(1 - etcd_server_has_leader{{{_JOB}}})"),
                bad_from=1,
            ),
            number(
                "Changes of the leader",
                "In the last hour. Many: the disk or the network is too slow.",
                Query(f"max(increase(etcd_server_leader_changes_seen_total{{{_JOB}}}[1h]))"),
                bad_from=5,
            ),
            number(
                "Keys", "Stored keys.", Query(f"max(etcd_debugging_mvcc_keys_total{{{_JOB}}})")
            ),
            number(
                "Watches",
                "Open watches: the components, and programs such as ska-sdp watch.",
                Query(f"sum(etcd_debugging_mvcc_watcher_total{{{_JOB}}})"),
            ),
            number(
                "Failed proposals",
                "In the last hour: writes that were lost with a change of the leader.",
                Query(f"max(increase(etcd_server_proposals_failed_total{{{_JOB}}}[1h]))"),
                bad_from=1,
            ),
        ],
        "Space": [
            graph(
                "Size of the database",
                "At the quota etcd rejects all writes: compact and defragment, or raise the "
                "quota. Space that is allocated but not in use returns with defragmentation.",
                _gauge("etcd_mvcc_db_total_size_in_bytes", f"{_INSTANCE} allocated"),
                _gauge("etcd_mvcc_db_total_size_in_use_in_bytes", f"{_INSTANCE} in use"),
                _gauge("etcd_server_quota_backend_bytes", f"{_INSTANCE} quota"),
                unit="bytes",
            ),
            graph(
                "Part of the quota",
                "Allocated size by quota.",
                Query(
                    f"etcd_mvcc_db_total_size_in_bytes{{{_JOB}}} "
                    f"/ etcd_server_quota_backend_bytes{{{_JOB}}}",
                    _INSTANCE,
                ),
                unit="percentunit",
                limit=0.8,
            ),
        ],
        "Latency": [
            graph(
                "Write to the log",
                "99 % take less. Above 10 ms, the disk is too slow for etcd.",
                _slowest("etcd_disk_wal_fsync_duration_seconds"),
                unit="s",
            ),
            graph(
                "Commit to the database file",
                "99 % take less. Above 25 ms, the disk is too slow for etcd.",
                _slowest("etcd_disk_backend_commit_duration_seconds"),
                unit="s",
            ),
            graph(
                "Pending proposals",
                "Writes that wait for a majority of the members.",
                _gauge("etcd_server_proposals_pending"),
            ),
            graph(
                "Slow applies",
                "In a second: requests that took more than 100 ms.",
                _rate("etcd_server_slow_apply_total"),
            ),
        ],
        "Load": [
            graph(
                "Requests",
                "In a second, by method.",
                Query(
                    "sum by (grpc_method) (rate(grpc_server_handled_total"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{grpc_method}}",
                ),
            ),
            graph(
                "Written keys",
                "In a second.",
                _rate("etcd_mvcc_put_total", f"{_INSTANCE} put"),
                _rate("etcd_mvcc_delete_total", f"{_INSTANCE} deleted"),
            ),
            graph(
                "Traffic with clients",
                "In bytes per second.",
                _rate("etcd_network_client_grpc_received_bytes_total", f"{_INSTANCE} received"),
                _rate("etcd_network_client_grpc_sent_bytes_total", f"{_INSTANCE} sent"),
                unit="Bps",
            ),
            graph("Memory", "Resident.", _gauge("process_resident_memory_bytes"), unit="bytes"),
        ],
    },
)
"""Members, space, latency and load of etcd."""
