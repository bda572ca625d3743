"""Receiver of the changes that reach the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import Span

__all__ = ["Listener"]


class Listener(Protocol):
    """Receiver of every change, for a watcher; see Sink."""

    def read_count(self) -> int:
        """Return the number of keys and members of spans that the watcher reads."""

    def cached(self) -> tuple[set[str], set[Span]]:
        """Return the keys and spans that the watcher reads."""

    def changed(self, changes: Sequence[Change]) -> None:
        """Receive changes."""

    def gap(self, revision: int) -> None:
        """Handle the loss of changes up to a revision."""

    def closed(self) -> None:
        """Handle the end of the cache: there will be no more changes."""
