"""Messages and scripts of the demo."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ska_sdp_lmc.messages import parse_assign_resources, parse_configure, parse_scan
from ska_sdp_sim.demo.content import MESSAGE, Content, configure, scan, scripts
from ska_sdp_sim.demo.event import Event
from tests.support.shared import MESSAGES, has_messages


def test_observations_have_unique_ids() -> None:
    one, other = Content.new(), Content.new()
    pattern = r"(eb|pb)-[a-z0-9]+-[0-9]{8}-[a-z0-9]+"

    def ids(content: Content) -> set[str]:
        return {content.eb_id, *content.pb_ids("realtime"), *content.pb_ids("batch")}

    assert ids(one).isdisjoint(ids(other))
    assert all(re.fullmatch(pattern, name) for name in ids(one))
    dependencies = {
        dependency["pb_id"]
        for block in one.message["processing_blocks"]
        for dependency in block.get("dependencies", ())
    }
    assert dependencies <= ids(one)


def test_messages_have_no_warnings() -> None:
    content = Content.new()
    strictest = 2
    assert not parse_assign_resources(json.dumps(content.message), strictest).warnings
    for scan_type in content.scan_types:
        assert not parse_configure(configure(scan_type), strictest).warnings
    assert not parse_scan(scan(7), strictest).warnings


def test_scripts_of_the_message_are_defined() -> None:
    parts = ("kind", "name", "version")
    wanted = {
        tuple(block["script"][part] for part in parts)
        for block in Content.new().message["processing_blocks"]
    }
    assert wanted == {tuple(script[part] for part in parts) for script in scripts()}


def test_message_covers_the_features_of_real_messages() -> None:
    message = Content.new().message
    block = message["execution_block"]
    windows = [window for c in block["channels"] for window in c["spectral_windows"]]
    assert len(block["beams"]) > 2
    assert {beam["function"] for beam in block["beams"]} >= {"visibilities", "pulsar search"}
    assert len(windows) > 2
    assert all(len(window["link_map"]) > 1 for window in windows)
    assert len(block["polarisations"]) > 1
    frames = {field["phase_dir"]["reference_frame"] for field in block["fields"]}
    assert frames >= {"icrs", "special"}
    assert any("derive_from" in scan_type for scan_type in block["scan_types"])
    assert len(Content.new().pb_ids("realtime")) > 1
    assert len(Content.new().pb_ids("batch")) > 1


@has_messages
def test_message_is_as_large_as_the_largest_example() -> None:
    def size(path: Path) -> int:
        return len(json.dumps(json.loads(path.read_text())))

    assert size(MESSAGE) >= max(map(size, (MESSAGES / "valid").glob("assignres_*.json")))


def test_event_round_trips_through_its_line() -> None:
    event = Event("a/b/c", "resources", '{"x": "line\nbreak é"}', 1.25, 1.5, first=True)
    assert "\n" not in event.to_line()
    assert Event.from_line(event.to_line()) == event
    with pytest.raises(ValueError, match="not an event"):
        Event.from_line('{"device": "a/b/c"}')
