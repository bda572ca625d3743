"""Dashboard of the commands."""

from __future__ import annotations

from docs.generate.grafana.document import DEVICE, JOB, Query, dashboard, graph, heat_map

__all__ = ["COMMANDS"]

_COUNT = "sdp_lmc_command_duration_seconds_count"
_SUM = "sdp_lmc_command_duration_seconds_sum"
_BUCKET = "sdp_lmc_command_duration_seconds_bucket"
_DEVICE = 'job=~"$job", device=~"$device"'


def _per_minute(outcome: str) -> Query:
    selector = f'{_DEVICE}, outcome="{outcome}"'
    rate = f"rate({_COUNT}{{{selector}}}[$__rate_interval])"
    return Query(f"60 * sum by (command) ({rate})", "{{command}}")


COMMANDS = dashboard(
    "sdp-lmc-commands",
    "SDP: commands",
    "Commands of the devices by outcome, with their durations in the server.",
    [JOB, DEVICE],
    {
        "Outcomes": [
            graph(
                "Accepted commands",
                "In a minute.",
                _per_minute("accepted"),
            ),
            graph(
                "Rejected commands",
                "In a minute, with outcome 'refused': the obsState does not allow the command, "
                "or its message is invalid. The log of the device has the reason.",
                _per_minute("refused"),
            ),
            graph(
                "Failed commands",
                "In a minute: the database did not commit the command in time. See the panels of "
                "the database on the dashboard of the servers.",
                _per_minute("failed"),
            ),
            graph(
                "Events",
                "Pushed in a second. Each new value of an attribute is three: a change, an "
                "archive and an alarm event.",
                Query(
                    "sum by (device) (rate(sdp_lmc_events_pushed_total"
                    f"{{{_DEVICE}}}[$__rate_interval]))",
                    "{{device}}",
                ),
            ),
        ],
        "Durations": [
            heat_map(
                "Durations of accepted commands",
                "Number of commands by duration.",
                Query(
                    f'sum by (le) (increase({_BUCKET}{{{_DEVICE}, outcome="accepted"}}'
                    "[$__rate_interval]))",
                    "{{le}}",
                ),
                "s",
            ),
            graph(
                "Mean duration by command",
                "Of accepted commands; nothing while there are none.",
                Query(
                    f'sum by (command) (rate({_SUM}{{{_DEVICE}, outcome="accepted"}}'
                    "[$__rate_interval])) / sum by (command) "
                    f'(rate({_COUNT}{{{_DEVICE}, outcome="accepted"}}[$__rate_interval]))',
                    "{{command}}",
                ),
                unit="s",
            ),
        ],
    },
)
"""Commands of each device by outcome, and how long they take."""
