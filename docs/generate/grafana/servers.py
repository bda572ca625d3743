"""Dashboard of the server processes and their connection to etcd."""

from __future__ import annotations

from docs.generate.grafana.document import JOB, Query, dashboard, graph

__all__ = ["SERVERS"]

_JOB = 'job=~"$job"'
_INSTANCE = "{{instance}}"


def _gauge(metric: str) -> Query:
    return Query(f"{metric}{{{_JOB}}}", _INSTANCE)


def _rate(metric: str) -> Query:
    return Query(f"sum by (instance) (rate({metric}{{{_JOB}}}[$__rate_interval]))", _INSTANCE)


SERVERS = dashboard(
    "sdp-lmc-servers",
    "SDP: servers",
    "Processes of the devices: liveness, connection to etcd, and resources.",
    [JOB],
    {
        "Health": [
            graph(
                "Alive",
                "0: a thread is stuck or has ended; the process has to be restarted. The path "
                "/livez has the reasons.",
                _gauge("sdp_lmc_live"),
            ),
            graph(
                "Ready",
                "0: a device has not read the database, or the database does not respond or "
                "rejects its writes. The path /readyz has the reasons.",
                _gauge("sdp_lmc_ready"),
            ),
        ],
        "Connection to etcd": [
            graph("Connected", "0: etcd does not respond.", _gauge("sdp_lmc_database_connected")),
            graph(
                "Reconnections and resumed watches",
                "In the last five minutes. Many: the network or etcd is unstable.",
                Query(
                    f"increase(sdp_lmc_database_reconnects_total{{{_JOB}}}[5m])",
                    f"{_INSTANCE} reconnections",
                ),
                Query(
                    f"increase(sdp_lmc_database_watches_resumed_total{{{_JOB}}}[5m])",
                    f"{_INSTANCE} watches",
                ),
            ),
            graph(
                "Transactions",
                "Completed in a second, read-only ones included.",
                _rate("sdp_lmc_database_transactions_committed_total"),
            ),
            graph(
                "Begun transactions that did not complete",
                "In a second. Transactions of rejected commands are among them.",
                Query(
                    f"sum by (instance) (rate(sdp_lmc_database_transactions_total{{{_JOB}}}"
                    "[$__rate_interval])) - sum by (instance) "
                    f"(rate(sdp_lmc_database_transactions_committed_total{{{_JOB}}}"
                    "[$__rate_interval]))",
                    _INSTANCE,
                ),
            ),
            graph(
                "Conflicts",
                "In a second. More than 1 for minutes: another program continuously changes keys "
                "that the server reads.",
                _rate("sdp_lmc_database_conflicts_total"),
                limit=1,
            ),
            graph(
                "Retries", "Of transactions, in a second.", _rate("sdp_lmc_database_retries_total")
            ),
            graph(
                "Lag of the watch",
                "Age of the oldest revision that the watch has not delivered.",
                _gauge("sdp_lmc_watch_lag_seconds"),
                unit="s",
                limit=10,
            ),
            graph(
                "Silence of the watch",
                "Time since its last message or the last check that nothing is missing; below "
                "4 s as a rule. More: the server does not receive changes.",
                _gauge("sdp_lmc_watch_quiet_seconds"),
                unit="s",
                limit=10,
            ),
            graph(
                "Undelivered revisions",
                "Revisions that the server has seen and its watch has not delivered.",
                _gauge("sdp_lmc_watch_lag_revisions"),
            ),
        ],
        "Processes": [
            graph(
                "Processor time",
                "In seconds per second; 1 is a whole core.",
                _rate("process_cpu_seconds_total"),
            ),
            graph("Memory", "Resident.", _gauge("process_resident_memory_bytes"), unit="bytes"),
            graph(
                "Open files",
                "Of all that the process may open.",
                Query(f"process_open_fds{{{_JOB}}} / process_max_fds{{{_JOB}}}", _INSTANCE),
                unit="percentunit",
            ),
            graph(
                "Uptime",
                "Time since the start of the process; a drop is a restart.",
                Query(f"time() - process_start_time_seconds{{{_JOB}}}", _INSTANCE),
                unit="s",
            ),
        ],
    },
)
"""Liveness and resources of each server process, and its connection to etcd."""
