"""Receive addresses of the example messages."""

from __future__ import annotations

import json

from ska_sdp_sim.addresses import observed_scan_types, receive_addresses
from tests.sim.destinations import channels_of, destinations, host_name
from tests.support.shared import MESSAGES, has_messages


@has_messages
def test_example_messages_have_addresses() -> None:
    seen = 0
    for path in (MESSAGES / "valid").glob("assignres_*.json"):
        message = json.loads(path.read_text("utf-8"))
        execution_block = message.get("execution_block")
        if execution_block is None:
            continue
        seen += 1
        addresses = receive_addresses(
            {**execution_block, "resources": message.get("resources")}, host_name, 20
        )
        assert list(addresses) == observed_scan_types(execution_block), path.name
        defined = {
            item["channels_id"]: item["spectral_windows"] for item in execution_block["channels"]
        }
        for beams in addresses.values():
            for beam in beams.values():
                assert any(
                    destinations(beam, channels_of(windows))
                    for windows in defined.values()
                    if min(channels_of(windows)) == beam["host"][0][0]
                ), path.name
    assert seen
