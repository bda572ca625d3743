"""Suggestions of the right word after a slip: "did you mean"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ska_sdp_config.cli.objects import ALIASES, OBJECTS, STATES, SdpObject
from ska_sdp_config.cli.options import Role, roles
from ska_sdp_config.store.redaction import has_userinfo

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = [
    "DATE_PART",
    "advise_on_object",
    "advise_on_order",
    "closest",
    "misspelt_option",
    "nothing_at",
    "similar_id",
    "similar_name",
]

SYNONYMS = {
    "add": "create",
    "backup": "dump",
    "cancel": "end",
    "cat": "get",
    "check": "doctor",
    "export": "dump",
    "finish": "end",
    "follow": "watch",
    "info": "describe",
    "ls": "list",
    "modify": "edit",
    "new": "create",
    "print": "get",
    "remove": "delete",
    "replace": "update",
    "restore": "load",
    "rm": "delete",
    "set": "update",
    "show": "get",
    "stop": "end",
    "tail": "watch",
    "vi": "edit",
    "block": "pb",
    "execution-block": "eb",
    "processing-block": "pb",
    "workflow": "script",
}
"""Words of other programs and of earlier releases, with the word to use here."""

MAX_IDS_COMPARED = 20_000
"""Maximum number of IDs to read and compare with one that does not exist."""

DATE_PART = re.compile(r".*-[0-9]{8}-")
"""Beginning of the ID of a block, up to the date."""

MIN_SIMILARITY = 0.8
"""Least similarity of an ID to suggest: much of the form of IDs is equal anyway."""

FINALISTS = 10
"""Number of IDs that are compared exactly, which is slow."""


def closest(word: str, known: Iterable[str], similarity: float = 0.6) -> str | None:
    """Return the known word that was probably meant, None if there is none."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    lower = word.lower()
    plain = lower.replace("_", "-")
    synonyms = [SYNONYMS.get(each) for each in (plain, plain.removesuffix("s"))]
    found = [*synonyms, *get_close_matches(lower, names, n=1, cutoff=similarity)]
    return next((names[each] for each in found if each in names), None)


def misspelt_option(args: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first long option that is unknown, but resembles a known one."""
    names = list(known)
    for word in args:
        name = word.partition("=")[0]
        if name.startswith("--") and name not in names and closest(name, names):
            return name
    return None


def advise_on_object(word: str, names: Sequence[str], command: str) -> str | None:
    """Return what to write in place of an unknown object, None if there is no suggestion.

    Args:
        word: the word in place of an object.
        names: the objects that the command takes.
        command: the command path, e.g. ``ska-sdp get``.
    """
    word = ALIASES.get(word, word)
    if word in (kind.name for kind in OBJECTS):
        # An object that this command does not take: no other one is meant, at most its state.
        found = next((each for each in (f"{word}-state", f"{word}s") if each in names), None)
        return f"did you mean {found!r}?" if found else None
    state = closest(word, [kind.name for kind in STATES], 0.8)
    if state in names:
        return f"did you mean {state!r}?"
    if state and (kind := state.removesuffix("-state")) in names:
        return f"did you mean {kind!r}, which includes the state?"
    for name in names:
        id_ = word.strip("/").removeprefix(f"{name}/")
        if word.strip("/").startswith((f"{name}-", f"{name}/")):
            shown = "…" if has_userinfo(id_) else id_
            return f"did you mean '{command} {name} {shown}'?"
    found = closest(word, names)
    return f"did you mean {found!r}?" if found else None


def advise_on_order(word: str, rest: Sequence[str], verbs: Sequence[str]) -> str | None:
    """Return what to write if an object stands in place of the command, None if none does.

    Args:
        word: the word in place of the command.
        rest: the words after it.
        verbs: the commands.
    """
    plain = word.lower().replace("_", "-")
    name = ALIASES.get(plain, plain)
    kind = next((each for each in (*OBJECTS, *STATES) if each.name == name), None)
    if kind is None:
        return None
    words = [each for each, role in roles(rest) if role is Role.PLAIN]
    verb = next((each for each in words if each in verbs), None)
    others = [each for each in words if each != verb]
    if verb is None:
        verb = "get" if others or kind.is_single else "list"
    if verb not in ("update", "edit"):
        # Only these name a state, the other commands its object.
        name = name.removesuffix("-state")
    first = ["…" if has_userinfo(each) else each for each in others[:1]]
    line = " ".join(["ska-sdp", verb, name, *first, *(["…"] if others[1:] else [])])
    return f"{word!r} is an object: try '{line}'."


def nothing_at(
    backend: Backend,
    path: str,
    kind: SdpObject | None = None,
    absence: str = "There is nothing at {}",
) -> str:
    """Return the sentence that a path does not exist, with a similar one or what to try.

    Args:
        backend: the database.
        path: the path of an object or key.
        kind: the kind of object, None for a key.
        absence: the beginning of the sentence, with ``{}`` in place of the path.
    """
    hint = kind.hint if kind else "ska-sdp list -a"
    meant = similar_name(backend, path, kind)
    if meant is None:
        return f"{absence.format(path)}: try '{hint}'."
    return f"{absence.format(path)}: did you mean {meant!r}? Otherwise try '{hint}'."


def similar_name(backend: Backend, path: str, kind: SdpObject | None = None) -> str | None:
    """Return the ID of an object, or the key, that resembles one that does not exist, or None.

    Args:
        backend: the database.
        path: the path of an object or key.
        kind: the kind of object, None for a key.
    """
    if kind is not None and kind.is_single:
        return None
    found = similar_id(backend, path, kind.leaf if kind else "")
    return f"{path.rpartition('/')[0]}/{found}" if found and kind is None else found


def similar_id(
    backend: Backend, path: str, leaf: str = "", limit: int = MAX_IDS_COMPARED
) -> str | None:
    """Return the ID in the directory of a path that resembles the last part of the path.

    It takes one or two reads of keys, and is for a path that was not found. None if no ID
    resembles it, or if the keys cannot be read. If there are more IDs than the limit, only those
    with the same beginning up to the date are compared: of all, the oldest would be read.

    Args:
        backend: the database.
        path: the path that does not exist.
        leaf: the main entry below the path, see SdpObject.
        limit: maximum number of IDs to compare.
    """
    from ska_sdp_config.store.errors import ConfigConnectionError

    root, _, key = path.rpartition("/")
    try:
        ids = _ids(backend, f"{root}/", "", leaf, limit)
        dated = DATE_PART.match(key)
        if ids is None and dated:
            ids = _ids(backend, f"{root}/", dated[0], leaf, limit)
    except ConfigConnectionError:
        # The command has its answer: only the suggestion is missing.
        return None
    return _most_similar(key, ids or [])


def _ids(
    backend: Backend, directory: str, beginning: str, leaf: str, limit: int
) -> list[str] | None:
    """Return the IDs of a directory with a beginning; None if they are more than the limit."""
    from ska_sdp_config.store.errors import depth_of_path
    from ska_sdp_config.store.interface import Query
    from ska_sdp_config.store.keys import path_of_key, spans_of_listing

    (span,) = spans_of_listing(directory + beginning, [depth_of_path(leaf)])
    store = backend.store
    reply = store.read([Query(span, True, limit + 1)], 0, timeout=store.timeout)
    paths = [path_of_key(each.key) for each in reply.found[0] or ()]
    if len(paths) > limit:
        return None
    return [each[len(directory) :].removesuffix(leaf) for each in paths if each.endswith(leaf)]


def _most_similar(key: str, ids: Sequence[str]) -> str | None:
    """Return the ID that differs least, None if all are different.

    Thousands of IDs have the same date and form. So they are ranked first by what they share at
    both ends, which is fast and where one slip leaves the most.
    """
    from difflib import get_close_matches
    from heapq import nlargest

    plain = _without_case_and_zeros(key)
    equal = next((each for each in ids if _without_case_and_zeros(each) == plain), None)
    if equal is not None:
        return equal
    reverse = key[::-1]
    ends = [
        _common(key, each) + _common(reverse, each[::-1]) - abs(len(key) - len(each))
        for each in ids
    ]
    best = [each for _, each in nlargest(FINALISTS, zip(ends, ids, strict=True))]
    return next(iter(get_close_matches(key, best, n=1, cutoff=MIN_SIMILARITY)), None)


def _without_case_and_zeros(key: str) -> str:
    return key.lower().lstrip("0")


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
