"""TangoGQL, the server between Taranta and Tango, as a program of its own.

It is installed once into a virtual environment in the user's cache directory, and never imported:
its licence is the GPL.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment
from tests.services.environments import installed_python

VERSION = "2.3.0"

_PROTOCOL = Subprotocol("graphql-ws")
_TIMEOUT_S = 30.0


def tangogql_python() -> Path:
    """Return an interpreter with TangoGQL; skip where it cannot be installed."""
    return installed_python(f"tangogql-{VERSION}", f"tangogql=={VERSION}")


class TangoGQL(PortPart):
    """A TangoGQL server on 127.0.0.1 that lets every client send commands."""

    bind_failure = "address already in use"

    def __init__(self, directory: Path, tango_host: str) -> None:
        super().__init__("TangoGQL", directory / "tangogql.log", None)
        self._tango_host = tango_host

    def command(self) -> list[str]:
        """Return the command line."""
        address = ["--host", self.host, "--port", str(self.port)]
        return [str(tangogql_python()), "-m", "uvicorn", "tangogql.main:app", *address]

    def environment(self) -> dict[str, str]:
        """Return the environment with the Tango database."""
        return clean_environment(
            TANGO_HOST=self._tango_host, TANGOGQL_NO_AUTH="true", PYTHONPATH=""
        )

    def is_ready(self) -> bool:
        """Return whether it answers a query with its Tango database."""
        try:
            return bool(self.query("{tangoHost}")["tangoHost"] == self._tango_host)
        except OSError:
            return False

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a query or mutation, which must have no error."""
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://{self.endpoint}/db", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            reply: dict[str, Any] = json.load(response)
        assert "errors" not in reply, reply
        data: dict[str, Any] = reply["data"]
        return data

    @asynccontextmanager
    async def subscription(
        self, text: str, **variables: Any
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Subscribe; what it yields iterates over the data of each message."""
        url = f"ws://{self.endpoint}/socket"
        async with connect(url, subprotocols=[_PROTOCOL], proxy=None) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {}}))
            payload = {"query": text, "variables": variables}
            await socket.send(json.dumps({"type": "start", "id": "1", "payload": payload}))

            async def data() -> AsyncIterator[dict[str, Any]]:
                while True:
                    message = json.loads(await asyncio.wait_for(socket.recv(), _TIMEOUT_S))
                    if message["type"] == "data":
                        assert "errors" not in message["payload"], message
                        yield message["payload"]["data"]

            yield data()
