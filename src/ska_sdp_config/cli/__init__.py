"""Command line of the configuration database, ``ska-sdp``.

There is one module for each verb; :mod:`.printers` prints, and :mod:`.objects` lists the kinds of
objects. The library is imported only when a command opens the database, so that help is fast.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run ``ska-sdp`` with this process's arguments, and exit with its code."""
    try:
        from ska_sdp_config.cli.program import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # No command has started: there is nothing to report.
        code = 1
    sys.exit(code)
