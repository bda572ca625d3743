"""Replacement of ``time.sleep``, imported by Python at its start.

Python sleeps until a time of the monotonic clock, which libfaketime 0.9.10 rejects as invalid
although it leaves this clock alone. A timeout of ``select`` is a duration.
"""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Sleep for some seconds, as ``time.sleep`` does."""
    duration = float(seconds)
    if duration < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], duration)


time.sleep = sleep
