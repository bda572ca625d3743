"""Proxy between a device server and etcd that can delay the response of a commit."""

from __future__ import annotations

import threading

from tests.support.proxy import Connection, Proxy

COMMIT = b'"obs_state_commanded"'
"""Text contained in each commit to a subarray's entry, and in no other request."""


class Network(Proxy):
    """Forwards everything until ``catch``.

    Attributes:
        caught: set when a commit was forwarded whose response is delayed.
    """

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self._catches = False
        self._end = b""
        self.caught = threading.Event()

    def catch(self) -> None:
        """Forward the next commit of a command, and delay all responses after it.

        ``release`` delivers them late, ``cut`` discards them.
        """
        self.caught.clear()
        self._end = b""
        self._catches = True

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        # The text may be split over two reads.
        seen, self._end = self._end + data, data[-len(COMMIT) :]
        if self._catches and COMMIT in seen:
            self._catches = False
            connection.down.hold()
            self.caught.set()
        return True
