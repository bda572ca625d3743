"""Error events that say that a client has lost its event channel.

A client that receives no heartbeat of a server for 10 s, as on a busy machine, receives an event
with this error and connects again. It does not receive the events pushed in between
(docs/explanation/tango.md), so a test cannot tell a lost event by its absence.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.in_time import on_time

CHANNEL_LOST = "Event channel is not responding anymore"
"""Beginning of the description of Tango's error API_EventTimeout, in all versions."""


def is_loss(text: str) -> bool:
    """Return whether an error says that the channel was lost."""
    return CHANNEL_LOST in text


def check_channel(texts: Iterable[str]) -> None:
    """Check that no error of an event, or output with one, says that the channel was lost.

    Raises:
        TooLate: the channel was lost, so the test is repeated.
    """
    lost = [text for text in texts if is_loss(text)]
    on_time(not lost, f"events of {len(lost)} subscriptions can be missing: {lost[:1]}")
