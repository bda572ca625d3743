"""Access rights: roles as ranges of keys, and users as sets of roles.

The ranges are derived from the functions that create the keys, so they match the wire format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ska_sdp_config.engine.committer import TOKEN_PREFIX
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.lmc import paths
from ska_sdp_config.store.errors import check_path, depth_of_path
from ska_sdp_config.store.keys import Span, key_of_path, spans_below

__all__ = ["READER", "ROOT", "Plan", "Role", "User", "plan"]

ROOT = "root"
"""Name of the built-in user and role of etcd with all permissions."""

READER = "sdp-read"
"""Role that may read everything, as a watch on the whole store requires."""

ENTITIES = (
    "/script",
    "/eb",
    "/pb",
    "/deploy",
    "/flow",
    "/dependency",
    "/resource",
    "/request",
    "/allocation",
)
"""Paths below which an operator may write: all except those of devices and components."""

_TOKENS = Span.prefix(TOKEN_PREFIX)


@dataclass(frozen=True, slots=True)
class Role:
    """Role of etcd.

    Attributes:
        name: name of the role.
        writes: ranges of keys that it may write.
        reads_all: whether it may read everything.
    """

    name: str
    writes: frozenset[Span] = frozenset()
    reads_all: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """User of etcd, with the names of its roles."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Roles and users of one system, without ``root``."""

    roles: tuple[Role, ...]
    users: tuple[User, ...]


def plan(subarrays: Iterable[str], prefix: str = "") -> Plan:
    """Return the roles and users of a system.

    Args:
        subarrays: ids of its subarrays, such as ``01``.
        prefix: prefix of all its paths, such as ``/test``. Names of roles and users begin with
            it, so that systems that share a database have separate users.

    Raises:
        ValueError: the prefix is not a path.
    """
    if prefix:
        check_path(prefix)
    tree = _Tree(prefix)
    subarrays = list(subarrays)
    roles = [
        tree.role("lmc-controller", [paths.CONTROLLER], component="lmc-controller"),
        *(tree.subarray(subarray_id) for subarray_id in subarrays),
        tree.role(
            "proccontrol",
            [],
            *tree.below("/pb", 2),
            *tree.all_below("/deploy"),
            *tree.all_below("/request"),
            *tree.all_below("/allocation"),
            component="proccontrol",
        ),
        tree.role(
            "helmdeploy",
            [],
            *tree.below("/deploy", 2),
            # The Helm deployer maintains the network resources.
            *tree.all_below("/resource"),
            component="helmdeploy",
        ),
        tree.role(
            "script",
            [],
            *tree.below("/pb", 2),
            *tree.below("/eb", 1),
            *tree.below("/eb", 2),
            *tree.all_below("/deploy"),
            *tree.all_below("/flow"),
            *tree.all_below("/dependency"),
            *tree.all_below("/request"),
        ),
        tree.role(
            "operator", ["/system"], *(span for path in ENTITIES for span in tree.all_below(path))
        ),
    ]
    users = [User(role.name, (READER, role.name)) for role in roles]
    parts = (tree.name(part) for part in ("proccontrol", "helmdeploy", "script"))
    users += [
        # Simulates all three.
        User(tree.name("stand-in"), (READER, *parts)),
        User(tree.name("dashboard"), (READER,)),
    ]
    return Plan((Role(READER, reads_all=True), *roles), tuple(users))


class _Tree:
    """Keys of one system, addressed by paths without its prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def name(self, part: str) -> str:
        return "-".join([*self._prefix.split("/")[1:], part])

    def role(
        self, name: str, single: Iterable[str], *spans: Span, component: str | None = None
    ) -> Role:
        """Return a role that writes paths, spans, the key of a component, and tokens."""
        keys = [*single, *([paths.component(component)] if component else [])]
        own = (Span(key_of_path(self._prefix + path)) for path in keys)
        return Role(self.name(name), frozenset([*own, *spans, _TOKENS]))

    def subarray(self, subarray_id: str) -> Role:
        """Return the role of a subarray; the blocks of its commands may have any id."""
        component = paths.component_of_subarray(subarray_id)
        blocks = [*self.below("/eb", 1), *self.below("/eb", 2), *self.below("/pb", 1)]
        return self.role(component, [paths.subarray(subarray_id)], *blocks, component=component)

    def below(self, path: str, levels: int) -> Iterator[Span]:
        """Yield the span a number of levels below a path: 1 entities, 2 states and owners."""
        whole = self._prefix + path
        yield spans_below(whole, depth_of_path(whole) + levels)[-1]

    def all_below(self, path: str) -> list[Span]:
        """Return the spans of all levels below a path, as recursive deletion requires."""
        return spans_below(self._prefix + path, MAX_DEPTH)
