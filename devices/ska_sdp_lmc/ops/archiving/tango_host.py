"""Address of a Tango database."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["TangoHost"]

DEFAULT_PORT = 10000
_MAX_PORT = 65535
_ADDRESS = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(:(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class TangoHost:
    """Address of a Tango database, as other programs of the site reach it."""

    name: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> TangoHost:
        """Parse an address, ``host:port`` or ``host``.

        Raises:
            ValueError: the text is no address, or has several.
        """
        found = _ADDRESS.fullmatch(text)
        port = int((found and found["port"]) or DEFAULT_PORT)
        if found is None or not 1 <= port <= _MAX_PORT:
            raise ValueError(
                f"{text!r} is not the address of one Tango database: "
                "expected HOST or HOST:PORT, e.g. databaseds.example.org:10000"
            )
        return cls(found["name"], port)
