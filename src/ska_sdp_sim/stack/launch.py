"""Execute a program that is killed when its parent process ends.

Run as a file: ``python -I -S launch.py PARENT PROGRAM [ARGUMENT …]``. It starts every process of
the stack, so it imports only what it needs.

The setting of ``prctl`` survives ``exec``. It exists on Linux only; on other systems the program
is started without it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Request SIGKILL at the end of the parent, then execute the program."""
    parent, program, *arguments = argv
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != int(parent):
            # The parent ended before the request, so nothing would ever stop the program.
            sys.exit(1)
    os.execvp(program, [program, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
