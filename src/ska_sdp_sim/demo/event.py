"""A Tango event as it travels from the subscriber's process: one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Event:
    """A change of one attribute.

    Attributes:
        device: Name of the device.
        attribute: Name of the attribute, as it was subscribed to.
        value: Its value; an enumeration by its label.
        stamped: When the device stamped the value, in seconds since the epoch.
        received: When the subscriber was told, on the same clock.
        first: Whether it came of the subscription and not of a change.
        error: What went wrong, if there is no value.
    """

    device: str
    attribute: str
    value: Value
    stamped: float
    received: float
    first: bool = False
    error: str | None = None

    @property
    def latency(self) -> float:
        """Seconds from the device's stamp to the subscriber."""
        return self.received - self.stamped

    def to_line(self) -> str:
        """The line, without its end."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Event:
        """Read a line back.

        Raises:
            ValueError: the line is none of ``to_line``.
        """
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError(f"not an event: {line!r}") from error
