"""Dashboard of the whole system."""

from __future__ import annotations

from docs.generate.grafana.document import JOB, Query, dashboard, graph, number, states

from ska_sdp_config.lmc.states import HealthState, ObsState

__all__ = ["OVERVIEW"]

_OBS_STATE_COLOURS = {
    ObsState.EMPTY: "#8e8e8e",
    ObsState.RESOURCING: "light-blue",
    ObsState.IDLE: "blue",
    ObsState.CONFIGURING: "light-green",
    ObsState.READY: "green",
    ObsState.SCANNING: "dark-green",
    ObsState.ABORTING: "light-orange",
    ObsState.ABORTED: "orange",
    ObsState.RESETTING: "yellow",
    ObsState.FAULT: "red",
    ObsState.RESTARTING: "dark-yellow",
}
_HEALTH_COLOURS = {
    HealthState.OK: "green",
    HealthState.DEGRADED: "orange",
    HealthState.FAILED: "red",
    HealthState.UNKNOWN: "purple",
}

_JOB = 'job=~"$job"'

OVERVIEW = dashboard(
    "sdp-lmc-overview",
    "SDP: overview",
    "Subarrays, health and commands of the SDP's devices.",
    [JOB],
    {
        "Now": [
            number(
                "Servers that do not respond",
                "Targets of Prometheus without a response: see the pod and its log.",
                Query(f"sum(1 - up{{{_JOB}}})"),
                bad_from=1,
            ),
            number(
                "Servers without the database",
                "Servers that cannot reach etcd; ska-sdp doctor checks the connection.",
                Query(f"sum(1 - sdp_lmc_database_connected{{{_JOB}}})"),
                bad_from=1,
            ),
            number(
                "Servers that are not ready",
                "The path /readyz of each has the reasons.",
                Query(f"sum(1 - sdp_lmc_ready{{{_JOB}}})"),
                bad_from=1,
            ),
            number(
                "Devices that are not OK",
                "The attribute healthInfo of each has the reasons.",
                Query(f'sum(1 - sdp_lmc_health_state{{{_JOB}, health_state="OK"}})'),
                bad_from=1,
            ),
            number(
                "Subarrays in FAULT",
                "ska-sdp status shows the reasons and the commands that end each FAULT.",
                Query(f'sum(sdp_lmc_obs_state{{{_JOB}, obs_state="FAULT"}})'),
                bad_from=1,
            ),
            number(
                "Subarrays that scan",
                "Subarrays in SCANNING.",
                Query(f'sum(sdp_lmc_obs_state{{{_JOB}, obs_state="SCANNING"}})'),
            ),
        ],
        "States": [
            states(
                "obsState",
                "Sampled by Prometheus: an obsState that lasted less than its interval may "
                "be missing.",
                "sdp_lmc_obs_state",
                _JOB,
                _OBS_STATE_COLOURS,
            ),
            states(
                "healthState",
                "A device whose server does not respond has a gap.",
                "sdp_lmc_health_state",
                _JOB,
                _HEALTH_COLOURS,
            ),
        ],
        "Commands": [
            graph(
                "Commands by outcome",
                "In a minute; 'refused': rejected by a rule or for an invalid message; 'failed': "
                "not committed by the database.",
                Query(
                    "60 * sum by (outcome) (rate(sdp_lmc_command_duration_seconds_count"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ),
            graph(
                "Duration of accepted commands",
                "Quantiles over all devices; nothing while there are no commands.",
                *(
                    Query(
                        f"histogram_quantile({quantile}, sum by (le) (rate("
                        f'sdp_lmc_command_duration_seconds_bucket{{{_JOB}, outcome="accepted"}}'
                        "[$__rate_interval])))",
                        legend,
                    )
                    for quantile, legend in ((0.5, "median"), (0.9, "90 %"), (0.99, "99 %"))
                ),
                unit="s",
            ),
        ],
    },
)
"""Subarrays, health and commands of the whole system."""
