"""Timing of attempts."""

from __future__ import annotations

import pytest

from ska_sdp_config.drivers.etcd.attempts import FIRST_ATTEMPT_SHARE, time_share


@pytest.mark.parametrize(
    ("members", "attempts", "share"),
    [
        (1, 0, FIRST_ATTEMPT_SHARE),
        (1, 1, 1),
        (1, 9, 1),
        (3, 0, 1 / 3),
        (3, 1, 1 / 2),
        (3, 2, 1),
        (3, 9, 1),
    ],
)
def test_time_share_leaves_time_for_other_members(
    members: int, attempts: int, share: float
) -> None:
    assert time_share(members, attempts) == share
