"""Ports for servers that cannot choose one themselves."""

from __future__ import annotations

import itertools
import random
import socket

# Below what systems hand to outgoing connections (Linux from 32768, macOS from 49152). A client
# that reconnects to a dead server inside that span can be given the server's own port as its
# near end: it then talks to itself, and the server cannot come back.
LOWEST, HIGHEST = 20_000, 32_000


# In a row, so that what draws several at once is never given the same one twice.
_drawn = itertools.count(random.randrange(HIGHEST))


def probe(host: str, port: int) -> None:
    """Check that a server could listen on a port now.

    Raises:
        PermissionError: this user may not listen on it.
        OSError: it is in use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probed:
        # As the servers do: connections that wait for their last packets do not keep a port.
        probed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probed.bind((host, port))


def free_port(host: str = "127.0.0.1") -> int:
    """A port of ``host`` that nobody listens on now; one comes again after all others did.

    Another process may take it before it is used: whoever starts a server on it tries another
    one when the server cannot bind.

    Raises:
        OSError: no free port was found in a thousand tries.
    """
    for _ in range(1000):
        port = LOWEST + next(_drawn) % (HIGHEST - LOWEST + 1)
        try:
            probe(host, port)
        except OSError:
            continue
        return port
    raise OSError(f"no free port was found on {host} between {LOWEST} and {HIGHEST}")
