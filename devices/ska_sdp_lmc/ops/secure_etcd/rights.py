"""Who may write what: roles as ranges of keys, and users as sets of roles.

Nothing here talks to a server. The ranges come from the functions that make the keys, so they
follow the wire format of spec 2.1 by themselves.
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
"""etcd's own name for the user, and the role, that may do everything."""

READER = "sdp-read"
"""The role that may read everything: all watchers need it (decision 4)."""

ENTITIES = ("/script", "/eb", "/pb", "/deploy", "/flow", "/dependency", "/resource")
"""What an operator may write: all but what was commanded and who is alive."""

_TOKENS = Span.prefix(TOKEN_PREFIX)


@dataclass(frozen=True, slots=True)
class Role:
    """A role of etcd.

    Attributes:
        name: its name.
        writes: the keys that it may write.
        reads_all: whether it may read everything.
    """

    name: str
    writes: frozenset[Span] = frozenset()
    reads_all: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """A user of etcd, and the names of the roles that it has."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All roles and users of one system; ``root`` is not among them."""

    roles: tuple[Role, ...]
    users: tuple[User, ...]


def plan(subarrays: Iterable[str], prefix: str = "") -> Plan:
    """Get the roles and users of a system.

    Args:
        subarrays: ids of its subarrays, such as ``01``.
        prefix: path before all its paths, such as ``/test``. Its names begin with it, so that
            systems that share a database have users of their own.

    Raises:
        ValueError: the prefix is no path.
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
            component="proccontrol",
        ),
        tree.role("helmdeploy", [], *tree.below("/deploy", 2), component="helmdeploy"),
        tree.role(
            "script",
            [],
            *tree.below("/pb", 2),
            *tree.below("/eb", 1),
            *tree.below("/eb", 2),
            *tree.all_below("/deploy"),
            *tree.all_below("/flow"),
            *tree.all_below("/dependency"),
        ),
        tree.role("operator", [], *(span for path in ENTITIES for span in tree.all_below(path))),
    ]
    users = [User(role.name, (READER, role.name)) for role in roles]
    parts = (tree.name(part) for part in ("proccontrol", "helmdeploy", "script"))
    users += [
        # Plays all three.
        User(tree.name("stand-in"), (READER, *parts)),
        User(tree.name("dashboard"), (READER,)),
    ]
    return Plan((Role(READER, reads_all=True), *roles), tuple(users))


class _Tree:
    """The keys of one system, by the paths that they have without its prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def name(self, part: str) -> str:
        return "-".join([*self._prefix.split("/")[1:], part])

    def role(
        self, name: str, single: Iterable[str], *spans: Span, component: str | None = None
    ) -> Role:
        """Get a role that writes single paths, spans, a component's key, and its tokens."""
        keys = [*single, *([paths.component(component)] if component else [])]
        own = (Span(key_of_path(self._prefix + path)) for path in keys)
        return Role(self.name(name), frozenset([*own, *spans, _TOKENS]))

    def subarray(self, subarray_id: str) -> Role:
        """Get the role of a subarray: the blocks of its commands may have any id."""
        component = paths.component_of_subarray(subarray_id)
        blocks = [*self.below("/eb", 1), *self.below("/eb", 2), *self.below("/pb", 1)]
        return self.role(component, [paths.subarray(subarray_id)], *blocks, component=component)

    def below(self, path: str, levels: int) -> Iterator[Span]:
        """Get the span so many levels below a path: 1 are entities, 2 their states and owners."""
        whole = self._prefix + path
        yield spans_below(whole, depth_of_path(whole) + levels)[-1]

    def all_below(self, path: str) -> list[Span]:
        """Get the spans of everything below a path: what is deleted with all that it has."""
        return spans_below(self._prefix + path, MAX_DEPTH)
