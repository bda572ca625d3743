"""The operators' commands in this process."""

from __future__ import annotations

from typing import Any

import yaml
from click.testing import CliRunner, Result

from ska_sdp_lmc.cli import main


def invoke(command: str, *arguments: str, tango_host: str | None = None) -> Result:
    """Run a command, with an environment variable TANGO_HOST or without."""
    return CliRunner().invoke(main, [command, *arguments], env={"TANGO_HOST": tango_host})


def printed(command: str, *arguments: str, tango_host: str | None = None) -> str:
    """Return the output of a command that succeeds."""
    result = invoke(command, *arguments, tango_host=tango_host)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def document(*arguments: str) -> Any:
    """Return the output of ``archiving`` as data."""
    return yaml.safe_load(printed("archiving", *arguments))
