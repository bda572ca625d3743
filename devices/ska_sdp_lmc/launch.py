"""The programs ``SDPController`` and ``SDPSubarray``, from their first line.

What is imported stays, and there is a lot of it: to look through it for garbage, again and again
while it grows, is a twentieth of the time that a server takes to start. So that waits until
``run`` has all it needs, which is why nothing is imported here before it is wanted.
"""

from __future__ import annotations

import gc

__all__ = ["controller", "subarray"]


def controller() -> None:
    """Run a server of the controller; see ``run``.

    Raises:
        SystemExit: as ``run``, or the extra ``tango`` is not installed.
    """
    gc.disable()
    from ska_sdp_lmc.extras import require

    require("SDPController", "tango")
    from ska_sdp_lmc.devices.controller import main

    main()


def subarray() -> None:
    """Run a server of subarrays; see ``run``.

    Raises:
        SystemExit: as ``run``, or the extra ``tango`` is not installed.
    """
    gc.disable()
    from ska_sdp_lmc.extras import require

    require("SDPSubarray", "tango")
    from ska_sdp_lmc.devices.subarray import main

    main()
