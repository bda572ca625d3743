"""The network between a device server and etcd, on which commits lose their answers."""

from __future__ import annotations

import threading

from tests.connection.proxy import Joint, Proxy

__all__ = ["Network"]

COMMIT = b'"obs_state_target"'
"""What stands in each commit to a subarray's entry, and in nothing else that is sent."""


class Network(Proxy):
    """Passes all on, until it is told to catch a commit.

    Attributes:
        caught: set when a commit was passed on whose answer is kept back.
    """

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port))
        self._catches = False
        self._end = b""
        self.caught = threading.Event()

    def catch(self) -> None:
        """Let the next commit of a command reach the server, and keep all answers from then on.

        ``release`` delivers them late, ``cut`` loses them.
        """
        self.caught.clear()
        self._end = b""
        self._catches = True

    def lets_through(self, joint: Joint, data: bytes) -> bool:
        """Watch for the commit."""
        # What is looked for may come in two pieces.
        seen, self._end = self._end + data, data[-len(COMMIT) :]
        if self._catches and COMMIT in seen:
            self._catches = False
            joint.down.hold()
            self.caught.set()
        return True
