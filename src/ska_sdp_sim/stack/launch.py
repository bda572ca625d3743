"""Become another program that dies with the process that started it.

Run as a file, ``python -I launch.py PARENT PROGRAM [ARGUMENT …]``, and not imported: it is on
the way of every process of the stack, so it loads nothing but what it needs.

``prctl`` outlives ``exec``, which is why no watcher process is needed beside the program. It is
Linux's own; elsewhere the program is started all the same, without that net.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Ask for death with the parent, then become the program."""
    parent, program, *arguments = argv
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
        if os.getppid() != int(parent):
            # The parent died before the request stood: nobody would ever stop the program.
            sys.exit(1)
    os.execvp(program, [program, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
