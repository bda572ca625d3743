"""Shell completion of keys and IDs from the database."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING

import click

from ska_sdp_config.cli.objects import SdpObject
from ska_sdp_config.store.errors import depth_of_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["MAX_COMPLETIONS", "TIMEOUT_S", "complete_first_parts", "complete_ids", "complete_keys"]

TIMEOUT_S = 1.0
"""Timeout of the database in seconds: the user waits at the prompt."""

MAX_COMPLETIONS = 500
"""Maximum number of completions; of more, common prefixes are offered. A shell inserts the common
prefix of all completions, and asks before it lists many."""

_PLAIN = re.compile(r"[\w@%+=:,./-]*")
"""Words without special characters. Bash inserts words unquoted: it would run the ID
``$(reboot)`` as a command, and the terminal would interpret control characters."""


def complete_ids(kind: SdpObject, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Complete the ID of an object; offer nothing if the database is unreachable."""
    # An object without a state is offered too: the state can be created.
    leaf = "" if kind.is_state else kind.leaf
    root = kind.path(ctx.params.get("prefix") or "")
    found = _paths(root + incomplete, [depth_of_path(leaf)])
    return _items(path[len(root) :].removesuffix(leaf) for path in found if path.endswith(leaf))


def complete_first_parts(
    kind: SdpObject, ctx: click.Context, incomplete: str
) -> list[CompletionItem]:
    """Complete the first part of IDs, such as the processing blocks of flows."""
    root = kind.path(ctx.params.get("prefix") or "")
    found = _paths(root + incomplete, [0])
    return _items(dict.fromkeys(path[len(root) :].partition(":")[0] for path in found))


def complete_keys(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Complete a key at any depth; offer nothing if the database is unreachable."""
    from ska_sdp_config.engine.transaction import MAX_DEPTH

    return _items(_paths(incomplete, range(MAX_DEPTH - depth_of_path(incomplete) + 1)))


def _paths(start: str, levels: Iterable[int]) -> list[str]:
    from ska_sdp_config.backends import backend_name, connect

    logging.getLogger("ska_sdp_config").setLevel(logging.CRITICAL)
    found: list[str] = []
    try:
        with connect(backend_name(), timeout=TIMEOUT_S) as backend:
            for txn in backend.txn(timeout=TIMEOUT_S):
                found = txn.list_keys(start, levels)
    except (ValueError, ConnectionError):
        return []  # no errors at the prompt: the command itself reports them
    return found


def _items(words: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    plain = [word for word in words if _PLAIN.fullmatch(word)]
    return [CompletionItem(word) for word in _limit(MAX_COMPLETIONS, plain)]


def _limit(max_count: int, words: list[str]) -> list[str]:
    """Return the words, or the longest prefixes of them that do not exceed the number.

    At least two are returned: a shell takes a single completion for the whole word.
    """
    if len(words) <= max_count:
        return words
    prefixes: set[str] = set()
    for length in count(1):
        longer = {word[:length] for word in words}
        if len(longer) > max_count and len(prefixes) > 1:
            break
        prefixes = longer
    return sorted(prefixes)
