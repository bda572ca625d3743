"""Generated parts of the documentation are complete, and the documentation can be built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from docs.generate import command_line, devices, observation, recovery, settings

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.cli.program import VERBS
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_lmc.cli import main
from ska_sdp_lmc.runtime.settings import OF_THE_PROCESS, PROPERTIES
from ska_sdp_sim.demo.content import Content
from ska_sdp_sim.demo.steps import expected_obs_states
from ska_sdp_sim.demo.steps import observation as steps
from tests.docs.page import ROOT
from tests.faults.recovery.kinds import FAULTS
from tests.faults.recovery.measure import BACKENDS


def test_observation_goes_through_the_obs_states_of_the_demo() -> None:
    with Config(backend=MemoryBackend(Database())) as config:
        lines = observation.observe(config)
    shown = [line.text.removeprefix("obsState ") for line in lines if "obsState" in line.text]
    # The demo has three scans in two configurations, the documentation one scan.
    expected = expected_obs_states(steps(Content.new()))
    assert list(dict.fromkeys(shown)) == list(dict.fromkeys(expected[1:] + expected[:1]))
    assert shown[:5] == expected[1:6]
    assert shown[-3:] == expected[-3:]


def test_command_line_reference_has_every_verb() -> None:
    text = command_line.verbs()
    for verb in VERBS:
        assert f"## `ska-sdp {verb}`" in text
    assert "### `ska-sdp list pb`" in text


def test_command_line_reference_has_every_command_of_operators() -> None:
    text = command_line.operator_commands()
    assert all(f"## `ska-sdp-lmc {name}`\n" in text for name in main.commands)
    assert "### `ska-sdp-lmc secure-etcd users`" in text


def test_device_reference_has_every_command_and_attribute_of_the_subarray() -> None:
    commands = devices.subarray_commands()
    assert all(f"| `{name}` |" in commands for name in TRANSITIONS)
    attributes = devices.subarray_attributes()
    assert "| `obsState` | enumeration |" in attributes
    assert "| `adminMode` | enumeration, read and write |" in attributes
    assert attributes.count("`healthState`") == 1


def test_settings_reference_has_every_setting() -> None:
    text = settings.devices()
    assert all(f"| `{name}` | `SDP_LMC_" in text for name in PROPERTIES)
    assert all(f"| none | `SDP_LMC_{name.upper()}` |" in text for name in OF_THE_PROCESS)
    for name in ("HOST", "PORT", "PROTOCOL", "CERT", "CLIENT_KEY", "PASSWORD", "TIMEOUT"):
        assert f"| `SDP_CONFIG_{name}` |" in settings.database()


def test_recovery_times_have_every_fault_and_client() -> None:
    text = recovery.recovery_times()
    of_library = [f"{kind}, `{each}`" for kind in ("client", "watcher") for each in BACKENDS]
    for fault in FAULTS:
        for client in ("bare client", *of_library):
            assert f"| {fault.name} | {client} |" in text


@pytest.mark.long
def test_documentation_builds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html"]
    places = [str(place) for place in ("-d", tmp_path / "tree", ROOT / "docs", tmp_path / "html")]
    built = subprocess.run([*command, *places], capture_output=True, text=True, timeout=900)
    assert built.returncode == 0, built.stderr
    assert "ska-sdp doctor" in (tmp_path / "html" / "reference" / "command-line.html").read_text()
