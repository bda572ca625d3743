"""Tango events as lines of JSON, passed on by the subscriber process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Event:
    """A change of one attribute.

    Attributes:
        attribute: Its name, as subscribed.
        value: Its value; the label of an enumeration.
        stamped: Timestamp of the value by the device, in seconds since the epoch.
        received: Time of receipt by the subscriber, on the same clock.
        first: Whether it was sent for the subscription, not for a change.
        error: Description of the error, if there is no value.
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
        """Seconds from the device's timestamp to the receipt."""
        return self.received - self.stamped

    def to_line(self) -> str:
        """Return the event as a line without line end."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Event:
        """Parse a line of ``to_line``.

        Raises:
            ValueError: invalid line.
        """
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError(f"not an event: {line!r}") from error
