"""History of a subarray: the times of its changes."""

from __future__ import annotations

import json

from ska_sdp_config.cli.object_history import KeyHistory, SubarrayHistory
from ska_sdp_config.cli.objects import SUBARRAY
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.live.key_change import KeyChange

PATH = "/lmc/subarray/01"
COMMAND = {
    "last_command": "On",
    "last_command_time": "2026-01-31T12:00:00+00:00",
    "last_command_milliseconds": 250,
    "reached": False,
}
TARGET = Target(PATH, SUBARRAY)


def shown(changes: list[KeyChange]) -> list[str | None]:
    return [None if each.time is None else each.time.isoformat() for each in changes]


def test_write_that_keeps_the_time_has_none() -> None:
    for history in (SubarrayHistory(TARGET, ""), KeyHistory(TARGET)):
        history.begin(1, {})
        commanded = history.update(2, {PATH: json.dumps(COMMAND)})
        assert shown(commanded) == ["2026-01-31T12:00:00.250000+00:00"]
        reached = history.update(3, {PATH: json.dumps({**COMMAND, "reached": True})})
        assert shown(reached) == [None]


def test_first_value_of_a_subarray_has_the_time_of_its_entry() -> None:
    later = json.dumps({"last_updated": "2026-02-01 00:00:00"})
    found = SubarrayHistory(TARGET, "").begin(1, {PATH: json.dumps(COMMAND), "/eb/eb-a": later})
    assert shown(found) == ["2026-01-31T12:00:00.250000+00:00"]
