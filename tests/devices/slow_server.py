"""Server of subarrays whose events take long to push, as to many clients on a slow network."""

from __future__ import annotations

import time
from typing import Any

from ska_sdp_lmc.devices import base, subarray
from ska_sdp_lmc.runtime.publisher import TangoSink

PUSH_S = 0.02

END_TIMEOUT_S = 60.0
"""Limit of the wait for the threads of a device: longer than any pause of a busy machine."""


def main() -> None:
    """Run a server of subarrays with slow events."""
    base.END_TIMEOUT_S = END_TIMEOUT_S
    push = TangoSink.push

    def push_slowly(sink: TangoSink, name: str, value: Any, when: float) -> None:
        time.sleep(PUSH_S)
        push(sink, name, value, when)

    TangoSink.push = push_slowly  # type: ignore[assignment, method-assign]
    subarray.main()


if __name__ == "__main__":
    main()
