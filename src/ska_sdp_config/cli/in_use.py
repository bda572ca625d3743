"""Users of objects that a command is about to change.

They are read in the transaction that makes the change. A concurrent change of the users of one
object, or of the links of subarrays, is a conflict, and the transaction is retried.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.objects import DEPLOYMENT, EB, PB, SUBARRAY, SdpObject, locate
from ska_sdp_config.live import values
from ska_sdp_config.lmc.deployment_ids import BlocksOfDeployments, possible_ids
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.statuses import EB_ACTIVE, eb_status

if TYPE_CHECKING:
    from ska_sdp_config.engine.transaction import Txn

__all__ = [
    "linked_blocks",
    "listing_blocks",
    "users_of_all",
    "users_of_change",
    "users_of_delete",
]

_KINDS = (PB, EB, DEPLOYMENT)
"""Objects whose users are named before a delete."""

_VALUES, _PARTS = 0, 1
"""Levels of a kind: the values of its objects, and their owners and states."""

_READS = {
    PB: [(PB, _VALUES), (PB, _PARTS), (EB, _VALUES)],
    EB: [(EB, _VALUES), (EB, _PARTS), (PB, _PARTS)],
    DEPLOYMENT: [
        (DEPLOYMENT, _VALUES),
        (DEPLOYMENT, _PARTS),
        (PB, _VALUES),
        (PB, _PARTS),
        (EB, _VALUES),
    ],
}
"""Entries that decide on the users of all objects of a kind."""

MAX_GUARDED_KEYS = 60
"""Maximum number of keys of a guarded read: etcd accepts 128 operations per transaction by
default."""

_KEPT_FIELDS = ("status", "eb_id", "pb_realtime", "pb_batch")
"""Fields of blocks that the users depend on."""


def users_of_change(txn: Txn, path: str) -> list[str]:
    """Return a clause for each user that a change of a value affects.

    These are the owner of a processing block, and the subarrays that link an execution block.

    Args:
        txn: the transaction that makes the change.
        path: the path of the value, which may be that of the object or of its state.
    """
    found: list[str] = []
    for prefix, kind, key in _objects_at(path):
        users = _UsersOfOne(txn, prefix)
        if kind == PB:
            found += _clauses(kind, key, prefix, users.owner(kind, key))
        elif kind == EB:
            found += _clauses(kind, key, prefix, users.links_of(key))
    return found


def users_of_delete(txn: Txn, path: str) -> list[str]:
    """Return a clause for each user of the object to which a path belongs.

    These are owners, subarrays that link its execution block, and this block if it is ACTIVE.
    """
    return [
        clause
        for prefix, kind, key in _objects_at(path)
        for clause in _clauses(kind, key, prefix, _UsersOfOne(txn, prefix).of(kind, key))
    ]


def users_of_all(txn: Txn, path: str) -> list[str]:
    """Return a clause for each user of each object at or below a path; see users_of_delete.

    Only a concurrent change of a subarray is a conflict: a guard for each object would exceed the
    limits of a transaction, and a guard of a whole listing would block all other clients while
    etcd reads it.
    """
    found = users_of_delete(txn, path)
    for prefix in _beginnings(path):
        kinds = [kind for kind in _KINDS if kind.path(prefix).startswith(f"{path}/")]
        users = _UsersOfAll(txn, prefix, kinds)
        for kind in kinds:
            for key in sorted(users.ids(kind)):
                found += _clauses(kind, key, prefix, users.of(kind, key))
    return found


def _beginnings(path: str) -> Iterator[str]:
    """Yield each possible global prefix of a path: a full path is given without ``--prefix``."""
    for each in re.finditer("/|$", path):
        yield path[: each.start()]


def _objects_at(path: str) -> Iterator[tuple[str, SdpObject, str]]:
    """Yield the prefix, kind and ID of each object that a path may belong to."""
    for prefix in _beginnings(path):
        place = locate(path, prefix)
        if place is not None and place.kind in _KINDS and is_id(place.key):
            yield prefix, place.kind, place.key


def _clauses(kind: SdpObject, key: str, prefix: str, found: Iterable[str]) -> list[str]:
    return [f"{kind.path(prefix, key)} {each}" for each in found]


def linked_blocks(txn: Txn, prefix: str) -> dict[str, str]:
    """Return the ID of the linked execution block by that of the subarray."""
    root = SUBARRAY.path(prefix)
    entries = {path.removeprefix(root): values.read(text) for path, text in txn.list_values(root)}
    linked = {key: entry.get("eb_id") for key, entry in entries.items() if isinstance(entry, dict)}
    return {key: eb_id for key, eb_id in linked.items() if isinstance(eb_id, str)}


def listing_blocks(txn: Txn, prefix: str, eb_ids: Iterable[str]) -> dict[str, str]:
    """Return the ID of the execution block that lists each processing block, by the latter's ID.

    The reads are not guarded: AssignResources adds only new processing blocks.
    """
    wanted = {EB.path(prefix, eb_id): eb_id for eb_id in eb_ids if is_id(eb_id)}
    texts = txn.peek_many(wanted)
    ebs = {eb_id: values.read(texts[path] or "") for path, eb_id in wanted.items()}
    return {pb_id: eb_id for eb_id, eb in ebs.items() for pb_id in _listed(eb)}


class _Users(ABC):
    """Reader of the users of objects, as predicates such as ``is linked by subarray 01``."""

    def __init__(self, txn: Txn, prefix: str) -> None:
        self._txn = txn
        self._prefix = prefix

    @abstractmethod
    def _values(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of the objects that exist, by ID."""

    @abstractmethod
    def _owners(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        """Return the owners of the objects that have one, by ID."""

    @abstractmethod
    def _blocks_of(self, deployment_id: str) -> BlocksOfDeployments:
        """Return the processing blocks to which a deployment may belong."""

    def of(self, kind: SdpObject, key: str) -> Iterator[str]:
        """Yield the users of an object."""
        yield from self.owner(kind, key)
        if kind == EB:
            yield from self._of_eb(key)
        elif kind == PB:
            yield from self._of_pb(key)
        else:
            for pb_id in sorted(self._blocks_of(key).blocks_of(key)):
                for each in self.of(PB, pb_id):
                    yield f"belongs to {pb_id}, which {each}"

    def owner(self, kind: SdpObject, key: str) -> Iterator[str]:
        """Yield the owner of an object, if it has one."""
        for owner in self._owners(kind, [key]).values():
            yield _by_owner(owner)

    def links_of(self, eb_id: str) -> Iterator[str]:
        """Yield the subarrays that link an execution block."""
        for subarray, linked in self._links.items():
            if linked == eb_id:
                yield f"is linked by subarray {subarray}"

    def _of_eb(self, key: str) -> Iterator[str]:
        yield from self.links_of(key)
        if self._is_active(key):
            yield "is ACTIVE"
        owners = self._owners(PB, _listed(self._value(EB, key)))
        for pb_id, owner in owners.items():
            yield f"has {pb_id}, which {_by_owner(owner)}"

    def _of_pb(self, key: str) -> Iterator[str]:
        pb = self._value(PB, key)
        own = pb.get("eb_id") if isinstance(pb, dict) else None
        eb_ids = {eb_id for eb_id, pb_ids in self._listed_by_linked.items() if key in pb_ids}
        for eb_id in sorted(eb_ids | ({own} if isinstance(own, str) else set())):
            links = [*self.links_of(eb_id)]
            for each in links or (["is ACTIVE"] if self._is_active(eb_id) else []):
                yield f"belongs to {eb_id}, which {each}"

    def _is_active(self, eb_id: str) -> bool:
        eb = self._value(EB, eb_id)
        return isinstance(eb, dict) and eb_status(eb) == EB_ACTIVE

    def _value(self, kind: SdpObject, key: str) -> Any:
        """Return the value of an object, None if there is none."""
        return self._values(kind, [key]).get(key)

    @cached_property
    def _links(self) -> dict[str, str]:
        return linked_blocks(self._txn, self._prefix)

    @cached_property
    def _listed_by_linked(self) -> dict[str, set[str]]:
        """The IDs of the processing blocks that each linked execution block lists."""
        blocks = self._values(EB, {*self._links.values()})
        return {eb_id: {*_listed(eb)} for eb_id, eb in blocks.items()}


def _by_owner(owner: Any) -> str:
    if isinstance(owner, dict) and {"pid", "hostname"} <= owner.keys():
        return f"is owned by process {owner['pid']} on {owner['hostname']}"
    return "is owned by a process"


def _listed(eb: Any) -> list[str]:
    """Return the IDs of the processing blocks that an execution block lists, each once."""
    lists = (eb.get("pb_realtime"), eb.get("pb_batch")) if isinstance(eb, dict) else ()
    listed = [each for ids in lists if isinstance(ids, list) for each in ids]
    return [*dict.fromkeys(each for each in listed if isinstance(each, str))]


class _UsersOfOne(_Users):
    """Reader of the users of one object, whose keys the commit guards up to MAX_GUARDED_KEYS."""

    def _values(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        return self._read({key: kind.path(self._prefix, key) for key in keys})

    def _owners(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        return self._read({key: f"{kind.path(self._prefix, key)}/owner" for key in keys})

    def _blocks_of(self, deployment_id: str) -> BlocksOfDeployments:
        root = PB.path(self._prefix)
        listed = {path.removeprefix(root) for path in self._txn.peek_keys(root)}
        # Read too, as the listing is not guarded.
        return BlocksOfDeployments({*listed, *self._values(PB, possible_ids(deployment_id))})

    def _read(self, paths: dict[str, str]) -> dict[str, Any]:
        """Return the values of the paths that exist, by ID."""
        valid = {key: path for key, path in paths.items() if is_id(key)}
        read = self._txn.get_many if len(valid) <= MAX_GUARDED_KEYS else self._txn.peek_many
        texts = read(valid.values())
        found = {key: texts[path] for key, path in valid.items()}
        return {key: values.read(text) for key, text in found.items() if text is not None}


class _UsersOfAll(_Users):
    """Reader of the users of all objects of some kinds, in pages and without guards."""

    def __init__(self, txn: Txn, prefix: str, kinds: Iterable[SdpObject]) -> None:
        super().__init__(txn, prefix)
        self._found: dict[SdpObject, dict[str, Any]] = {kind: {} for kind in _KINDS}
        self._found_owners: dict[SdpObject, dict[str, Any]] = {kind: {} for kind in _KINDS}
        needed = {read for kind in kinds for read in _READS[kind]}
        for read in sorted(needed, key=lambda read: (_KINDS.index(read[0]), read[1])):
            self._read(*read)

    def _read(self, kind: SdpObject, level: int) -> None:
        root = kind.path(self._prefix)
        for path, text in self._txn.peek_values(root, [level]):
            key, _, part = path.removeprefix(root).partition("/")
            if part == "owner":
                self._found_owners[kind][key] = values.read(text)
            elif not part:
                value = values.read(text)
                is_mapping = isinstance(value, dict)
                kept = {name: value.get(name) for name in _KEPT_FIELDS} if is_mapping else None
                self._found[kind][key] = kept

    def _blocks_of(self, deployment_id: str) -> BlocksOfDeployments:
        return self._all_blocks

    @cached_property
    def _all_blocks(self) -> BlocksOfDeployments:
        return BlocksOfDeployments(self._found[PB])

    def ids(self, kind: SdpObject) -> set[str]:
        """Return the IDs of a kind's objects, including owners without an object."""
        return {*self._found[kind], *self._found_owners[kind]}

    def _values(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        return {key: self._found[kind][key] for key in keys if key in self._found[kind]}

    def _owners(self, kind: SdpObject, keys: Iterable[str]) -> dict[str, Any]:
        owners = self._found_owners[kind]
        return {key: owners[key] for key in keys if key in owners}
