"""Contents of the cache at one revision."""

from __future__ import annotations

from collections.abc import Container, Sequence

from ska_sdp_config.store.interface import Change, Entry, Query
from ska_sdp_config.store.keys import Span

__all__ = ["View"]


class View:
    """Cached entries and listings at one revision. Immutable once it is shared.

    Attributes:
        revision: the revision.
        values: entries by key, None for an absent key.
        lists: for each listed span, its members.
        whole: the listed spans whose values are all in ``values``.
        shared: whether a reader holds it.
    """

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.values: dict[str, Entry | None] = {}
        self.lists: dict[Span, dict[str, Entry]] = {}
        self.whole: set[Span] = set()
        self.shared = False

    def size(self) -> int:
        """Return the number of entries and members of listings."""
        return len(self.values) + sum(map(len, self.lists.values()))

    def same_contents(self) -> View:
        """Return a view that shares the contents of this one, for a later revision."""
        other = View(self.revision)
        other.values, other.lists, other.whole = self.values, self.lists, self.whole
        other.shared = True
        return other

    def copy(self) -> View:
        """Return a copy that may be changed."""
        other = View(self.revision)
        other.values = self.values.copy()
        other.lists = {span: members.copy() for span, members in self.lists.items()}
        other.whole = self.whole.copy()
        return other

    def answer(self, query: Query) -> list[Entry] | None:
        """Return the entries of a query, unsorted; None on a cache miss.

        The result of a query with a limit is not cached.
        """
        if query.limit:
            return None
        span = query.span
        if span.end:
            members = self.lists.get(span)
            if members is None:
                return None
            if query.keys_only:
                return list(members.values())
            if span not in self.whole:
                return None
            return [entry for key in members if (entry := self.values[key])]
        if span.begin in self.values:
            entry = self.values[span.begin]
            return [entry] if entry else []
        if any(span.begin in other for other in self.whole):
            return []
        return None

    def concerns(self, key: str) -> bool:
        """Return whether a change of the key changes the view."""
        return key in self.values or any(key in span for span in self.lists)

    def learn(self, query: Query, found: Sequence[Entry]) -> None:
        """Add the result of a query at this revision."""
        if query.limit:
            return
        if query.span.end:
            self.lists[query.span] = {entry.key: entry for entry in found}
            if query.keys_only:
                return
            self.whole.add(query.span)
        else:
            self.values[query.span.begin] = None
        self.values.update((entry.key, entry) for entry in found)

    def keep_only(self, keys: Container[str], spans: Container[Span]) -> None:
        """Drop all entries and listings but those of some keys and spans."""
        self.lists = {span: members for span, members in self.lists.items() if span in spans}
        self.whole &= self.lists.keys()
        self.values = {
            key: entry
            for key, entry in self.values.items()
            if key in keys or any(key in span for span in self.whole)
        }

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply changes to the keys and spans that are cached."""
        for key, _, entry in changes:
            wanted = key in self.values
            for span, members in self.lists.items():
                if key in span:
                    wanted = wanted or span in self.whole
                    if entry:
                        members[key] = entry
                    else:
                        members.pop(key, None)
            if wanted:
                self.values[key] = entry
