"""Rules for the alarm handler."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archiving.program import printed

BASE = "tango://databaseds.example:20000/mid-sdp"
CONTROLLER = [
    (
        f"tag=mid_sdp_control_0_state_alarm;formula=({BASE}/control/0/state == 11);"
        'message="mid-sdp/control/0: State is ALARM";group=gr_all;priority=highest'
    ),
    (
        f"tag=mid_sdp_control_0_state_unknown;formula=({BASE}/control/0/state == 13);"
        'message="mid-sdp/control/0: State is UNKNOWN";group=gr_all;priority=high'
    ),
    (
        f"tag=mid_sdp_control_0_healthstate_failed;formula=({BASE}/control/0/healthstate == 2);"
        'message="mid-sdp/control/0: healthState is FAILED";group=gr_all;priority=highest'
    ),
    (
        "tag=mid_sdp_control_0_healthstate_degraded_or_unknown;"
        f"formula=({BASE}/control/0/healthstate == 1 || {BASE}/control/0/healthstate == 3);"
        'message="mid-sdp/control/0: healthState is DEGRADED or UNKNOWN";'
        "group=gr_all;priority=high"
    ),
]
ARGUMENTS = ("--prefix", "mid", "--host", "databaseds.example:20000")


def of_subarray(number: str) -> str:
    return (
        f"tag=mid_sdp_subarray_{number}_obsstate_fault;"
        f"formula=({BASE}/subarray/{number}/obsstate == 9);"
        f'message="mid-sdp/subarray/{number}: obsState is FAULT";group=gr_all;priority=highest'
    )


@pytest.mark.parametrize("numbers", [("01",), ("01", "02")])
def test_alarm_rules_have_a_line_for_each_rule_and_device(numbers: tuple[str, ...]) -> None:
    lines = printed("alarm-rules", "--subarrays", str(len(numbers)), *ARGUMENTS).splitlines()
    assert lines == [*CONTROLLER, *map(of_subarray, numbers)]


def test_tags_are_unique_words_in_lower_case() -> None:
    lines = printed("alarm-rules", "--subarrays", "3", "--prefix", "A-1", "--host", "a")
    tags = [line.partition(";")[0].removeprefix("tag=") for line in lines.splitlines()]
    assert len(set(tags)) == len(tags) == 7
    assert all(tag.startswith("a_1_sdp_") and tag.isidentifier() for tag in tags)


def test_output_option_writes_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.txt"
    assert printed("alarm-rules", *ARGUMENTS, "--output", str(file)) == ""
    assert file.read_text() == printed("alarm-rules", *ARGUMENTS)
