"""Size of the long tests that repeat something: random histories, faults, runs."""

from __future__ import annotations

import os

__all__ = ["sized"]

SHARE = float(os.environ.get("TEST_SIZE", "0.25"))
"""Share of the full size; the default keeps .ci/run within half an hour on two cores."""


def sized(full: int) -> int:
    """Return the number of repetitions to make, at least one."""
    return max(1, round(full * SHARE))
