"""Queries for the paths that a transaction prefetches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path, spans_of_listing

__all__ = ["queries_of_prefetch"]


def queries_of_prefetch(prefetch: Iterable[str]) -> Sequence[Query]:
    """Return the queries for paths; a path that ends with a slash stands for its children.

    Raises:
        ValueError: a path is invalid.
    """
    queries: list[Query] = []
    for path in prefetch:
        if path.endswith("/"):
            queries += [Query(span) for span in spans_of_listing(path)]
        else:
            queries.append(Query(Span(key_of_path(path))))
    return tuple(dict.fromkeys(queries))
