"""Pictures of the command line's output, on a real etcd in a scan whose script has failed."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import pexpect
from docs.generate.observation import fail_receive_script, observe
from docs.generate.terminal import Program
from rich.console import Console
from rich.text import Text

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.programs import clean_environment

__all__ = ["describe", "doctor", "list_", "status"]

_COLUMNS = 100
_FAILING = ("doctor", "status")
"""Commands that exit with 1 if there is a fault."""

_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Reference to another host in the template, to remove."""


def list_() -> str:
    """Draw the output of ``ska-sdp list``."""
    return _drawn("list")


def describe() -> str:
    """Draw the output of ``ska-sdp describe``."""
    return _drawn("describe")


def doctor() -> str:
    """Draw the output of ``ska-sdp doctor``."""
    return _drawn("doctor")


def status() -> str:
    """Draw the output of ``ska-sdp status``."""
    return _drawn("status")


def _drawn(name: str) -> str:
    command, printed = _screens()[name]
    console = Console(
        file=io.StringIO(), record=True, width=_COLUMNS, force_terminal=True, highlight=False
    )
    console.print(Text.from_ansi(printed.replace("\r", "")), soft_wrap=True)
    svg = console.export_svg(title=command, unique_id=name)
    return _WEB_FONT.sub("", svg)


@cache
def _screens() -> dict[str, tuple[str, str]]:
    """Return each command with its output."""
    with tempfile.TemporaryDirectory() as directory, Etcd(Path(directory)) as etcd:
        host, port = etcd.host, etcd.port
        with (
            Config(component_name="proccontrol", host=host, port=port) as config,
            Config(component_name="helmdeploy", host=host, port=port),
            Config(component_name="lmc-controller", host=host, port=port),
            Config(component_name="lmc-subarray-01", host=host, port=port),
        ):
            observe(config, "Scan", datetime.now(timezone.utc) - timedelta(minutes=3))
            fail_receive_script(config)
            eb_id = ""
            for txn in config.txn():
                (eb_id,) = txn.list_execution_blocks()
            variables = clean_environment(
                SDP_CONFIG_HOST=host,
                SDP_CONFIG_PORT=str(port),
                TERM="xterm-256color",
                COLUMNS=str(_COLUMNS),
                PATH=os.environ.get("PATH", ""),
            )
            variables.pop("NO_COLOR", None)
            commands = {
                "list": "ska-sdp list pb",
                "describe": f"ska-sdp describe eb {eb_id}",
                "doctor": "ska-sdp doctor",
                "status": "ska-sdp status",
            }
            return {
                name: (command, _run(command, variables, int(name in _FAILING)))
                for name, command in commands.items()
            }


def _run(command: str, variables: dict[str, str], code: int) -> str:
    arguments = [sys.executable, "-m", "ska_sdp_config.cli", *shlex.split(command)[1:]]
    with Program(arguments, variables, size=(60, _COLUMNS), timeout=60) as terminal:
        terminal.screen.expect(pexpect.EOF)
        printed = str(terminal.screen.before)
        if (ended := terminal.close()) != code:
            raise RuntimeError(f"{command} ended with {ended}: {printed}")
        return printed
