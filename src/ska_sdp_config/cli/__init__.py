"""The command line of the configuration database, ``ska-sdp`` (spec 3).

Verbs parse and call; printing is done in :mod:`.output`, and what objects there are stands in
:mod:`.objects`. Nothing here loads the library before a command needs the database, so that
help is quick.
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
        # Before a command runs there is nothing to stop, and nothing to say of it.
        code = 1
    sys.exit(code)
