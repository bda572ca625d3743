"""Free ports for servers that cannot choose one themselves."""

from __future__ import annotations

import itertools
import random
import socket

# Below the ephemeral ports (from 32768 on Linux, 49152 on macOS). A client that reconnects to a
# stopped server in that range can get the server's port as its local port: it then connects to
# itself, and the server cannot bind the port again.
LOWEST, HIGHEST = 20_000, 32_000


# Sequential, so that several ports drawn at once differ.
_drawn = itertools.count(random.randrange(HIGHEST))


def probe(host: str, port: int) -> None:
    """Check that a server could listen on a port now.

    Raises:
        PermissionError: this user may not listen on it.
        OSError: it is in use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probed:
        # As the servers do: connections in TIME_WAIT do not block the port.
        probed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probed.bind((host, port))


def free_port(host: str = "127.0.0.1") -> int:
    """Return a free port of ``host``; a port is returned again only after all others.

    Another process may take the port before it is used, so retry when a server cannot bind it.

    Raises:
        OSError: no free port was found in 1000 attempts.
    """
    for _ in range(1000):
        port = LOWEST + next(_drawn) % (HIGHEST - LOWEST + 1)
        try:
            probe(host, port)
        except OSError:
            continue
        return port
    raise OSError(f"no free port was found on {host} between {LOWEST} and {HIGHEST}")
