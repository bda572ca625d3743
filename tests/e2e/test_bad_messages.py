"""Invalid messages: the error names the fault, and nothing is written."""

from __future__ import annotations

import json

import pytest

from ska_sdp_config import Config
from tests.e2e.conftest import everything, settle
from tests.e2e.subarray import Subarray

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


def rejects(subarray: Subarray, config: Config, command: str, text: str) -> str:
    """Check that a message is rejected and changes nothing; return the error text."""
    before = everything(config)
    obs_state = subarray.obs_state
    error = subarray.rejection(command, text)
    assert error.reason == "API_CommandFailed"
    assert everything(config) == before
    assert subarray.obs_state == obs_state
    return str(error.desc)


@pytest.mark.parametrize("command", sorted(WRONG_TYPES))
def test_malformed_message_is_rejected(subarray: Subarray, config: Config, command: str) -> None:
    settle(config)
    for name, text in NOT_A_MESSAGE.items():
        desc = rejects(subarray, config, command, text)
        assert desc, name
        assert len(desc) < 4000, name
    desc = rejects(subarray, config, command, json.dumps(WRONG_TYPES[command]))
    assert "$." in desc
