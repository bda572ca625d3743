"""Users of objects that a command is about to change.

They are read in the transaction that makes the change, which is repeated if they change before its
commit.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.objects import DEPLOYMENT, EB, PB, SUBARRAY, SdpObject, locate
from ska_sdp_config.lmc.statuses import EB_ACTIVE, eb_status

if TYPE_CHECKING:
    from ska_sdp_config.engine.transaction import Txn

__all__ = [
    "linked_blocks",
    "parts_of_id",
    "users_of_all",
    "users_of_change",
    "users_of_delete",
]

_KINDS = (PB, EB, DEPLOYMENT)
"""Objects whose users are named before a delete."""

_KEPT_FIELDS = ("status", "eb_id", "pb_realtime", "pb_batch")
"""Fields of blocks that the users depend on."""

_WORD = re.compile("[A-Za-z0-9]+")


def users_of_change(txn: Txn, path: str, prefix: str) -> list[str]:
    """Return a clause for each user that a change of a value affects.

    These are the owner of a processing block, and the subarrays that link an execution block.

    Args:
        txn: the transaction that makes the change.
        path: the path of the value, which may be that of the object or of its state.
        prefix: the global prefix.
    """
    place = locate(path, prefix)
    if place is None or place.kind not in (PB, EB):
        return []
    users = _UsersOfOne(txn, prefix)
    found = users.owner(PB, place.key) if place.kind == PB else users.links_of(place.key)
    return [f"{place.kind.path(prefix, place.key)} {each}" for each in found]


def users_of_delete(txn: Txn, path: str, prefix: str) -> list[str]:
    """Return a clause for each user of the object to which a path belongs.

    These are owners, subarrays that link its execution block, and this block if it is ACTIVE.
    """
    place = locate(path, prefix)
    if place is None or place.kind not in _KINDS:
        return []
    found = _UsersOfOne(txn, prefix).of(place.kind, place.key)
    return [f"{place.kind.path(prefix, place.key)} {each}" for each in found]


def users_of_all(txn: Txn, path: str, prefix: str) -> list[str]:
    """Return a clause for each user of each object below a path; see users_of_delete.

    There may be more objects than guards fit in a transaction. So a new object, state or owner
    and a change of a subarray are conflicts, but not an ended block that becomes active again.
    """
    kinds = [kind for kind in _KINDS if kind.path(prefix).startswith(f"{path}/")]
    users = _UsersOfAll(txn, prefix) if kinds else None
    return [
        f"{kind.path(prefix, key)} {each}"
        for kind in kinds
        for key in sorted(users.ids(kind) if users else ())
        for each in (users.of(kind, key) if users else ())
    ]


def linked_blocks(txn: Txn, prefix: str) -> dict[str, str]:
    """Return the ID of the linked execution block by that of the subarray."""
    root = SUBARRAY.path(prefix)
    entries = {path.removeprefix(root): values.read(text) for path, text in txn.list_values(root)}
    linked = {key: entry.get("eb_id") for key, entry in entries.items() if isinstance(entry, dict)}
    return {key: eb_id for key, eb_id in linked.items() if isinstance(eb_id, str)}


def parts_of_id(deployment_id: str) -> set[str]:
    """Return the parts of the ID of a deployment that may be that of its processing block.

    A script puts the ID of its processing block between other words.
    """
    words = [*_WORD.finditer(deployment_id)]
    return {
        deployment_id[first.start() : last.end()]
        for at, first in enumerate(words)
        for last in words[at:]
    }


class _Users(ABC):
    """Users of objects, each as a predicate such as ``is linked by subarray 01``."""

    def __init__(self, txn: Txn, prefix: str) -> None:
        self._txn = txn
        self._prefix = prefix

    @abstractmethod
    def ids(self, kind: SdpObject) -> set[str]:
        """Return the IDs of all objects of a kind."""

    @abstractmethod
    def _value(self, kind: SdpObject, key: str) -> Any:
        """Return the value of an object, None if there is none."""

    @abstractmethod
    def _owner(self, kind: SdpObject, key: str) -> Any:
        """Return the owner of an object, None if there is none."""

    def of(self, kind: SdpObject, key: str) -> Iterator[str]:
        """Yield the users of an object."""
        yield from self.owner(kind, key)
        if kind == EB:
            yield from self._of_eb(key)
        elif kind == PB:
            yield from self._of_pb(key)
        else:
            for pb_id in sorted(parts_of_id(key) & self.ids(PB)):
                for each in self.of(PB, pb_id):
                    yield f"belongs to {pb_id}, which {each}"

    def owner(self, kind: SdpObject, key: str) -> Iterator[str]:
        """Yield the owner of an object, if it has one."""
        owner = self._owner(kind, key)
        if isinstance(owner, dict) and {"pid", "hostname"} <= owner.keys():
            yield f"is owned by process {owner['pid']} on {owner['hostname']}"
        elif owner is not None:
            yield "is owned by a process"

    def links_of(self, eb_id: str) -> Iterator[str]:
        """Yield the subarrays that link an execution block."""
        for subarray, linked in self._links.items():
            if linked == eb_id:
                yield f"is linked by subarray {subarray}"

    def _of_eb(self, key: str) -> Iterator[str]:
        yield from self.links_of(key)
        if self._is_active(key):
            yield "is ACTIVE"
        for pb_id in self._listed(key):
            for each in self.owner(PB, pb_id):
                yield f"has {pb_id}, which {each}"

    def _of_pb(self, key: str) -> Iterator[str]:
        pb = self._value(PB, key)
        own = pb.get("eb_id") if isinstance(pb, dict) else None
        eb_ids = {each for each in self._links.values() if key in self._listed(each)}
        for eb_id in sorted(eb_ids | ({own} if isinstance(own, str) else set())):
            links = [*self.links_of(eb_id)]
            for each in links or (["is ACTIVE"] if self._is_active(eb_id) else []):
                yield f"belongs to {eb_id}, which {each}"

    def _is_active(self, eb_id: str) -> bool:
        eb = self._value(EB, eb_id)
        return isinstance(eb, dict) and eb_status(eb) == EB_ACTIVE

    def _listed(self, eb_id: str) -> list[str]:
        """Return the IDs of the processing blocks that an execution block lists."""
        eb = self._value(EB, eb_id)
        lists = (eb.get("pb_realtime"), eb.get("pb_batch")) if isinstance(eb, dict) else ()
        listed = [each for ids in lists if isinstance(ids, list) for each in ids]
        return [each for each in listed if isinstance(each, str)]

    @cached_property
    def _links(self) -> dict[str, str]:
        return linked_blocks(self._txn, self._prefix)


class _UsersOfOne(_Users):
    """Users of one object. The values are guarded, the absence of owners for a whole kind."""

    def ids(self, kind: SdpObject) -> set[str]:
        root = kind.path(self._prefix)
        return {path.removeprefix(root) for path in self._txn.peek_keys(root)}

    def _value(self, kind: SdpObject, key: str) -> Any:
        text = self._txn.get(kind.path(self._prefix, key))
        return None if text is None else values.read(text)

    def _owner(self, kind: SdpObject, key: str) -> Any:
        # An execution block may list more processing blocks than guards fit in a transaction.
        self._txn.reject_new(kind.path(self._prefix), [1])
        path = f"{kind.path(self._prefix, key)}/owner"
        found = dict(self._txn.peek_values(path))
        return values.read(found[path]) if path in found else None


class _UsersOfAll(_Users):
    """Users of all objects, which are read in pages and without a guard for each."""

    def __init__(self, txn: Txn, prefix: str) -> None:
        super().__init__(txn, prefix)
        self._values: dict[tuple[SdpObject, str], Any] = {}
        self._owners: dict[tuple[SdpObject, str], Any] = {}
        for kind in _KINDS:
            self._read(kind)

    def _read(self, kind: SdpObject) -> None:
        root = kind.path(self._prefix)
        self._txn.reject_new(root, [0, 1])
        for path, text in self._txn.peek_values(root, [0, 1]):
            key, _, part = path.removeprefix(root).partition("/")
            if part == "owner":
                self._owners[kind, key] = values.read(text)
            elif not part:
                value = values.read(text)
                is_mapping = isinstance(value, dict)
                kept = {name: value.get(name) for name in _KEPT_FIELDS} if is_mapping else None
                self._values[kind, key] = kept

    def ids(self, kind: SdpObject) -> set[str]:
        found = [*self._values, *self._owners]
        return {key for of_kind, key in found if of_kind == kind}

    def _value(self, kind: SdpObject, key: str) -> Any:
        return self._values.get((kind, key))

    def _owner(self, kind: SdpObject, key: str) -> Any:
        return self._owners.get((kind, key))
