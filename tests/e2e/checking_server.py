"""Server of subarrays that checks its registration all the time."""

from __future__ import annotations

from ska_sdp_lmc.devices import subarray
from ska_sdp_lmc.runtime import registration


def main() -> None:
    """Run the server."""
    registration.CHECK_INTERVAL_S = 0.0
    subarray.main()


if __name__ == "__main__":
    main()
