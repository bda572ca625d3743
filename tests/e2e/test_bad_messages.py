"""Bad messages: the fault is named, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ska_sdp_config import Config
from tests.e2e.conftest import everything, settle
from tests.e2e.subarray import Subarray, quick
from tests.shared import MESSAGES, has_messages

COMMANDS = {"assignres": "AssignResources", "configure": "Configure"}

NOT_A_MESSAGE = {
    "empty": "",
    "broken": '{"interface": ',
    "no object": "[1, 2]",
    "rubbish": "\u00ff\x00rubbish" * 200_000,
    "null": "null",
    "not a number": '{"scan_id": NaN}',
    "deep": "[" * 100_000,
}
WRONG_TYPES = {
    "AssignResources": {"execution_block": {"eb_id": 7}, "processing_blocks": {}},
    "Configure": {"scan_type": 5},
    "Scan": {"scan_id": True},
    "ReleaseResources": {"resources": {"receive_nodes": "1"}},
}


def refuses(subarray: Subarray, config: Config, command: str, text: str) -> str:
    """Check that a message is refused, with the database as before, and get the words."""
    before = everything(config)
    obs_state = subarray.obs_state
    error = subarray.refusal(command, text)
    assert error.reason == "API_CommandFailed"
    assert everything(config) == before
    assert subarray.obs_state == obs_state
    return str(error.desc)


def invalid_messages() -> list[Path]:
    return [
        file
        for file in sorted((MESSAGES / "invalid").glob("*.json"))
        if file.name.split("_")[0] in COMMANDS
    ]


@pytest.mark.long
@has_messages
def test_invalid_messages_in_use_are_refused(subarray: Subarray, config: Config) -> None:
    files = invalid_messages()
    assert files
    assigned = False
    settle(config)
    # Those of AssignResources are tried in EMPTY, those of Configure in IDLE with a block.
    for file in files:
        command = COMMANDS[file.name.split("_")[0]]
        if command == "Configure" and not assigned:
            subarray.assign()
            settle(config)
            assigned = True
        desc = refuses(subarray, config, command, file.read_text())
        assert "$" in desc or "Scan type" in desc, f"{file.name}: {desc}"


@pytest.mark.parametrize("command", sorted(WRONG_TYPES))
def test_what_is_no_message_is_refused(subarray: Subarray, config: Config, command: str) -> None:
    settle(config)
    for name, text in NOT_A_MESSAGE.items():
        desc = refuses(subarray, config, command, text)
        assert desc, name
        assert len(desc) < 4000, name
    desc = refuses(subarray, config, command, json.dumps(WRONG_TYPES[command]))
    assert "$." in desc


def test_two_mebibytes_are_refused_before_they_are_parsed(
    subarray: Subarray, config: Config
) -> None:
    settle(config)
    message = quick().message
    message["padding"] = "x" * 2_097_152
    desc = refuses(subarray, config, "AssignResources", json.dumps(message))
    assert "MiB" in desc or "bytes" in desc
