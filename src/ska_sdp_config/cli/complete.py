"""Completion of keys and ids with those that are in the database."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING

import click

from ska_sdp_config.cli.objects import PB_STATE, SdpObject
from ska_sdp_config.store.errors import depth_of_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["MOST", "SECONDS", "complete_ids", "complete_keys"]

SECONDS = 1.0
"""How long the database may take: a user waits at the prompt."""

MOST = 500
"""How many completions are offered at most, of more their beginnings: a shell inserts what all
that is offered has in common, and asks before it shows so many."""

_PLAIN = re.compile(r"[\w@%+=:,./-]*")
"""Words without special characters. Bash inserts words unquoted: it would run an id of
``$(reboot)`` as a command, and the terminal would interpret control characters."""


def complete_ids(kind: SdpObject, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Complete the id of an object. Without a database there is nothing to offer."""
    # A block is there before its state.
    leaf = "" if kind == PB_STATE else kind.leaf
    root = kind.path(ctx.params.get("prefix") or "")
    found = _paths(root + incomplete, [depth_of_path(leaf)])
    return _items(path[len(root) :].removesuffix(leaf) for path in found if path.endswith(leaf))


def complete_keys(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Complete a key, in whatever depth. Without a database there is nothing to offer."""
    from ska_sdp_config.engine.transaction import MAX_DEPTH

    return _items(_paths(incomplete, range(MAX_DEPTH - depth_of_path(incomplete) + 1)))


def _paths(begin: str, levels: Iterable[int]) -> list[str]:
    from ska_sdp_config.backends import connect

    logging.getLogger("ska_sdp_config").setLevel(logging.CRITICAL)
    found: list[str] = []
    try:
        name = os.environ.get("SDP_CONFIG_BACKEND") or "etcd3"
        with connect(name, timeout=SECONDS) as backend:
            for txn in backend.txn(timeout=SECONDS):
                found = txn.list_keys(begin, levels)
    except (ValueError, ConnectionError):
        return []  # a prompt is no place for errors: the command itself will tell
    return found


def _items(words: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    plain = [word for word in words if _PLAIN.fullmatch(word)]
    return [CompletionItem(word) for word in _at_most(MOST, plain)]


def _at_most(most: int, words: list[str]) -> list[str]:
    """Get some words, or, if they are too many, the longest beginnings that are not.

    They are two at least: a shell takes a single one for the whole word.
    """
    if len(words) <= most:
        return words
    beginnings: set[str] = set()
    for length in count(1):
        longer = {word[:length] for word in words}
        if len(longer) > most and len(beginnings) > 1:
            break
        beginnings = longer
    return sorted(beginnings)
