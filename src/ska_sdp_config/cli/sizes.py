"""Check of the size of texts against the server's limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import TransactionTooLarge
from ska_sdp_config.store.interface import KeyAt, Put, Query
from ska_sdp_config.store.keys import Span, key_of_path

if TYPE_CHECKING:
    from ska_sdp_config.config import Config

__all__ = ["check_sizes"]

MIN_CHECKED_CHARS = 2**16
"""Number of characters below which a text fits a transaction of any server."""

IMPOSSIBLE_REVISION = -1
"""Revision that no key can have."""


def check_sizes(config: Config, texts: Mapping[str, str | None]) -> None:
    """Check that each text fits a transaction of its own, without writing anything.

    The limit is a setting of the server. Therefore this sends the largest texts in transactions
    with a guard that never holds: the server checks the size before the guards.

    Raises:
        Failed: some texts are too large.
    """
    backend = config.backend
    sizes = {
        path: len(text) for path, text in texts.items() if text and len(text) >= MIN_CHECKED_CHARS
    }
    too_large: list[str] = []
    for path in sorted(sizes, key=lambda path: -sizes[path]):
        key = key_of_path(path)
        try:
            backend.committer.commit(
                [KeyAt(key, IMPOSSIBLE_REVISION)],
                [Put(key, texts[path] or "")],
                [Query(Span(key), keys_only=True)],
                deadline=Deadline(backend.store.timeout, None, backend.address),
            )
        except TransactionTooLarge:
            too_large.append(path)
        else:
            break
    if too_large:
        raise Failed(
            f"Nothing was written, as one transaction has no room for {', '.join(too_large)}: "
            "make it smaller, or raise etcd's --max-request-bytes, 1.5 MiB by default."
        )
