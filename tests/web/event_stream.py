"""Client of the page's event stream."""

from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from tests.support.waiting import CALL

Data = dict[str, Any]


class EventStream:
    """Events of some topics, received in a thread. A context manager.

    Attributes:
        status: status of the response.
        received: all events: their kinds and data.
        ended: set once the server has ended the stream.
    """

    def __init__(self, endpoint: str, *topics: str, headers: dict[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection(endpoint, timeout=CALL)
        query = urlencode([("topic", topic) for topic in topics])
        self._connection.request("GET", f"/events?{query}", headers=headers or {})
        # The connection forgets it once a response has begun.
        self.socket = self._connection.sock
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.received: list[tuple[str, Data]] = []
        self.ended = threading.Event()
        self._new: queue.SimpleQueue[tuple[str, Data] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        if self.status == 200:
            self._thread.start()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        if self._thread.is_alive():
            self.socket.shutdown(2)
            self._thread.join(CALL)
        self._response.close()
        self._connection.close()

    def wait(self, kind: str, matches: Callable[[Data], object] = lambda data: True) -> Data:
        """Return the next event of a kind whose data match.

        Raises:
            AssertionError: the stream ended, or there was none in time.
        """
        while True:
            try:
                event = self._new.get(timeout=CALL)
            except queue.Empty:
                event = None
            if event is None:
                seen = [(each, data.get("topic")) for each, data in self.received]
                raise AssertionError(f"no matching event {kind!r}; received: {seen}")
            if event[0] == kind and matches(event[1]):
                return event[1]

    def document(self, topic: str, matches: Callable[[Any], object] = lambda data: True) -> Any:
        """Return the next whole document of a topic that matches."""

        def is_it(data: Data) -> object:
            return data["topic"] == topic and matches(data["data"])

        return self.wait("whole", is_it)["data"]

    def _receive(self) -> None:
        lines: list[str] = []
        try:
            for raw in self._lines():
                line = raw.decode().rstrip("\n")
                if line:
                    lines.append(line)
                    continue
                kind, data = (each.partition(": ")[2] for each in lines)
                lines.clear()
                event = kind, json.loads(data)
                self.received.append(event)
                self._new.put(event)
        except (OSError, ValueError, http.client.HTTPException):
            # The server was killed, or this client has left.
            pass
        self.ended.set()
        self._new.put(None)

    def _lines(self) -> Iterable[bytes]:
        while line := self._response.readline():
            yield line
