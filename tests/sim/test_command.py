"""The command line of the simulator."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ska_sdp_sim.cli import main


def test_help_lists_options_and_parameters() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for word in ("fail-at", "--time-to-ready", "SDP_CONFIG_HOST", "--component"):
        assert word in result.output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--receive-scripts", "("], "invalid regular expression"),
        (["--component", "lmc"], "'lmc'"),
        (["--time-to-ready", "-1"], "time-to-ready"),
        (["--prefix", "apart"], "global prefix"),
    ],
)
def test_invalid_option_is_a_usage_error(
    arguments: list[str], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDP_CONFIG_BACKEND", "memory")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert fault in result.output
