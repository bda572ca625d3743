"""Prefixes that a watcher follows, and how far it has processed their changes."""

from __future__ import annotations

from collections.abc import Iterable

from ska_sdp_config.engine.cache import Cache
from ska_sdp_config.engine.change_log import Point
from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import readable_path_of

__all__ = ["Followed"]


class Followed:
    """Changes below some prefixes since those that the watcher has processed.

    Args:
        cache: the source of the changes.
        prefixes: prefixes of paths; those that begin with one of them are followed.
    """

    def __init__(self, cache: Cache, prefixes: Iterable[str]) -> None:
        self._cache = cache
        self._prefixes = tuple(prefixes)
        self._processed: Point | None = None
        self._in_progress: Point | None = None
        # None until a body has read ``changed``, or has ended without it.
        self._is_used: bool | None = None

    @property
    def revision(self) -> int:
        """The revision up to which changes were processed; 0 if none were, or some were lost."""
        if self._processed is None or self._processed.clears != self._cache.clears:
            return 0
        return self._processed.revision

    def covers(self, key: str) -> bool:
        """Return whether the path of a key is followed."""
        slash = key.find("/")
        return slash > 0 and key.startswith(self._prefixes, slash)

    def missed(self, gap: int) -> bool:
        """Return whether changes up to a revision were lost that were not yet processed."""
        return bool(self._prefixes) and self.revision < gap

    def is_behind(self) -> bool:
        """Return whether a change is not processed; False if bodies end without ``changed``."""
        if not self._prefixes or self._is_used is False:
            return False
        changes = self._changes()
        return changes is None or any(self.covers(change.key) for change in changes)

    def changed(self, until: Point) -> frozenset[str] | None:
        """Return the followed paths that have changed since the last processed revision.

        Args:
            until: the last revision to include, which ``confirm`` confirms.

        Returns:
            The paths; None if any path may have changed. It stays None until that is confirmed: a
            body that fails may have built a part of its index only.
        """
        self._in_progress = until
        self._is_used = True
        changes = self._changes(until.revision)
        if changes is None:
            self._processed = None
            return None
        paths = (readable_path_of(each.key) for each in changes if self.covers(each.key))
        return frozenset(path for path in paths if path is not None)

    def begin_attempt(self) -> None:
        """Begin an attempt: what ``changed`` returned in an earlier one is not processed."""
        self._in_progress = None

    def confirm(self) -> None:
        """Record what ``changed`` returned in the last attempt as processed, if it was read."""
        if self._in_progress is not None:
            self._processed, self._in_progress = self._in_progress, None
        elif self._is_used is None:
            self._is_used = False

    def _changes(self, until: int = 0) -> list[Change] | None:
        """Return the changes that are not processed; None if they are not known."""
        if self._processed is None:
            return None
        return self._cache.changes_since(self._processed, until)
