"""TCP proxy that can discard the responses of the gateway's watches."""

from __future__ import annotations

from tests.support.proxy import Connection, Proxy


class WatchProxy(Proxy):
    """Proxy to a gateway; forwards everything until ``mute_watches``."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._watches: list[Connection] = []
        self._mutes_new = False

    def mute_watches(self, new_ones: bool = False) -> None:
        """Discard the responses of the watches that are open.

        Args:
            new_ones: whether to discard those of watches yet to be opened too.
        """
        self._mutes_new = new_ones
        for connection in list(self._watches):
            connection.down.discards = True

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        """Detect a watch."""
        if b"/v3/watch" in data:
            self._watches.append(connection)
            connection.down.discards = self._mutes_new
        return True
