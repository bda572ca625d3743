"""Entry points of the device servers.

PyTango is imported only after the check of the extra that installs it.
"""

from __future__ import annotations

from ska_sdp_lmc.extras import require

__all__ = ["controller", "subarray"]


def controller() -> None:
    """Run a server of the controller.

    Raises:
        SystemExit: The extra ``tango`` is not installed, or the server cannot start.
    """
    require("SDPController", "tango")
    from ska_sdp_lmc.devices.controller import main

    main()


def subarray() -> None:
    """Run a server of subarrays.

    Raises:
        SystemExit: The extra ``tango`` is not installed, or the server cannot start.
    """
    require("SDPSubarray", "tango")
    from ska_sdp_lmc.devices.subarray import main

    main()
