"""The metrics of a server: their names, labels and meaning, for program and reference alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "COMMAND_DURATION",
    "COMMITTED",
    "CONFLICTS",
    "CONNECTED",
    "EVENTS_PUSHED",
    "FAMILIES",
    "HEALTH_STATE",
    "LIVE",
    "OBS_STATE",
    "READY",
    "RECONNECTS",
    "RETRIES",
    "TRANSACTIONS",
    "WATCHES_RESUMED",
    "WATCH_LAG",
    "WATCH_LAG_REVISIONS",
    "WATCH_QUIET",
    "Family",
]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: its name; samples of a counter add ``_total``, of a histogram ``_bucket``,
            ``_count`` and ``_sum``.
        kind: its type in Prometheus.
        meaning: what it tells, a sentence with its unit.
        labels: what tells its series from each other.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


COMMAND_DURATION = Family(
    "sdp_lmc_command_duration_seconds",
    "histogram",
    "Seconds that commands took in the server. The outcome is accepted, refused (by a rule or for "
    "its message) or failed (the database did not take it). Writing adminMode counts as command "
    "adminMode.",
    ("device", "command", "outcome"),
)
EVENTS_PUSHED = Family(
    "sdp_lmc_events_pushed",
    "counter",
    "Events pushed, whoever has subscribed: a change, an archive and an alarm event for each new "
    "value.",
    ("device", "attribute"),
)
OBS_STATE = Family(
    "sdp_lmc_obs_state",
    "gauge",
    "1 for the obsState that the subarray shows, 0 for the others; none before its first view.",
    ("device", "obs_state"),
)
HEALTH_STATE = Family(
    "sdp_lmc_health_state",
    "gauge",
    "1 for the healthState that the device shows, 0 for the others.",
    ("device", "health_state"),
)
LIVE = Family("sdp_lmc_live", "gauge", "1 while /livez answers 200, else 0.")
READY = Family("sdp_lmc_ready", "gauge", "1 while /readyz answers 200, else 0.")
CONNECTED = Family(
    "sdp_lmc_database_connected",
    "gauge",
    "1 while the configuration database answers, else 0.",
    ("prefix",),
)
TRANSACTIONS = Family(
    "sdp_lmc_database_transactions",
    "counter",
    "Transactions begun, those of commands and those of looking at the database.",
    ("prefix",),
)
COMMITTED = Family(
    "sdp_lmc_database_transactions_committed",
    "counter",
    "Transactions that came to their end, also those that only read.",
    ("prefix",),
)
CONFLICTS = Family(
    "sdp_lmc_database_conflicts",
    "counter",
    "Commits that were turned down as somebody else had changed what the transaction read.",
    ("prefix",),
)
RETRIES = Family(
    "sdp_lmc_database_retries",
    "counter",
    "Times that a transaction ran again, for a conflict or any other reason.",
    ("prefix",),
)
RECONNECTS = Family(
    "sdp_lmc_database_reconnects",
    "counter",
    "Times that the database answered again after it had not.",
    ("prefix",),
)
WATCHES_RESUMED = Family(
    "sdp_lmc_database_watches_resumed",
    "counter",
    "Times that the watch broke and was begun anew.",
    ("prefix",),
)
WATCH_LAG_REVISIONS = Family(
    "sdp_lmc_watch_lag_revisions",
    "gauge",
    "Revisions of the database that this process knows of, by its own reads and commits, and that "
    "the watch has not told of.",
    ("prefix",),
)
WATCH_LAG = Family(
    "sdp_lmc_watch_lag_seconds",
    "gauge",
    "Seconds for which the watch has owed a revision that this process knows of; 0 while it owes "
    "none.",
    ("prefix",),
)
WATCH_QUIET = Family(
    "sdp_lmc_watch_quiet_seconds",
    "gauge",
    "Seconds since the watch was last heard, its answers to being asked included; it is asked "
    "after 1.5 s of quiet.",
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
"""All metrics of ours; those of the process itself are Prometheus' own."""
