"""Definitions of the metrics of a server, used by the program and by the reference pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """Metric family.

    Attributes:
        name: its name; samples of a counter add ``_total``, of a histogram ``_bucket``,
            ``_count`` and ``_sum``.
        kind: its type in Prometheus.
        meaning: help text, with the unit.
        labels: names of its labels.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


COMMAND_DURATION = Family(
    "sdp_lmc_command_duration_seconds",
    "histogram",
    "Duration of commands in the server, in seconds. The outcome is 'accepted', 'refused' "
    "(rejected by a rule or for an invalid message) or 'failed' (the database did not commit it). "
    "Writing adminMode counts as command adminMode.",
    ("device", "command", "outcome"),
)
EVENTS_PUSHED = Family(
    "sdp_lmc_events_pushed",
    "counter",
    "Events pushed, with or without subscribers: a change, an archive and an alarm event for each "
    "new value.",
    ("device", "attribute"),
)
OBS_STATE = Family(
    "sdp_lmc_obs_state",
    "gauge",
    "1 for the current obsState of the subarray, 0 for the others; absent before its first view.",
    ("device", "obs_state"),
)
HEALTH_STATE = Family(
    "sdp_lmc_health_state",
    "gauge",
    "1 for the current healthState of the device, 0 for the others.",
    ("device", "health_state"),
)
LIVE = Family("sdp_lmc_live", "gauge", "1 while /livez returns 200, else 0.")
READY = Family("sdp_lmc_ready", "gauge", "1 while /readyz returns 200, else 0.")
CONNECTED = Family(
    "sdp_lmc_database_connected",
    "gauge",
    "1 while the configuration database responds, else 0.",
    ("prefix",),
)
TRANSACTIONS = Family(
    "sdp_lmc_database_transactions",
    "counter",
    "Transactions begun, by commands and by watch loops.",
    ("prefix",),
)
COMMITTED = Family(
    "sdp_lmc_database_transactions_committed",
    "counter",
    "Transactions completed, read-only ones included.",
    ("prefix",),
)
CONFLICTS = Family(
    "sdp_lmc_database_conflicts",
    "counter",
    "Commits rejected because another client had changed a value that the transaction read.",
    ("prefix",),
)
RETRIES = Family(
    "sdp_lmc_database_retries",
    "counter",
    "Retries of transactions, after a conflict or for any other reason.",
    ("prefix",),
)
RECONNECTS = Family(
    "sdp_lmc_database_reconnects",
    "counter",
    "Reconnections to the database after an outage.",
    ("prefix",),
)
WATCHES_RESUMED = Family(
    "sdp_lmc_database_watches_resumed",
    "counter",
    "Watch streams resumed after an interruption.",
    ("prefix",),
)
WATCH_LAG_REVISIONS = Family(
    "sdp_lmc_watch_lag_revisions",
    "gauge",
    "Revisions seen by the reads and commits of this process that the watch stream has not "
    "delivered yet.",
    ("prefix",),
)
WATCH_LAG = Family(
    "sdp_lmc_watch_lag_seconds",
    "gauge",
    "Age of the oldest revision that the watch stream has not delivered, in seconds; 0 without "
    "one.",
    ("prefix",),
)
WATCH_QUIET = Family(
    "sdp_lmc_watch_quiet_seconds",
    "gauge",
    "Seconds since the last message on the watch stream, or since a read that showed nothing "
    "undelivered, which is made after 3 s without a message.",
    ("prefix",),
)

FAMILIES = (
    COMMAND_DURATION,
    EVENTS_PUSHED,
    OBS_STATE,
    HEALTH_STATE,
    LIVE,
    READY,
    CONNECTED,
    TRANSACTIONS,
    COMMITTED,
    CONFLICTS,
    RETRIES,
    RECONNECTS,
    WATCHES_RESUMED,
    WATCH_LAG_REVISIONS,
    WATCH_LAG,
    WATCH_QUIET,
)
"""All metrics except those of the process, which prometheus_client defines."""
