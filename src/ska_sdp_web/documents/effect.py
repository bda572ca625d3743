"""Effect of changes: the topics that they concern."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ska_sdp_config.live.system import Applied
from ska_sdp_config.lmc import paths
from ska_sdp_web.documents.kinds import DEPLOYMENTS, FLOWS, PBS
from ska_sdp_web.topics import Topic

__all__ = ["Effect"]

_EB = paths.execution_block("")

_ROOTS = {
    "pb": PBS.root,
    "deployment": DEPLOYMENTS.root,
    "flow": FLOWS.root,
    "eb": _EB,
}


class Effect:
    """Sum of changes.

    Attributes:
        is_replaced: whether all texts were read again.
        paths: paths that were written or deleted.
    """

    def __init__(self) -> None:
        self.is_replaced = False
        self.paths: set[str] = set()
        self._subarrays: set[str] = set()
        self._is_overview_changed = False

    def add(self, applied: Applied) -> None:
        """Add the effect of a revision."""
        self.is_replaced = self.is_replaced or applied.is_replaced
        self.paths |= applied.paths
        self._subarrays |= applied.subarrays
        self._is_overview_changed = self._is_overview_changed or applied.is_overview_changed

    def concerns(self, topic: Topic, drawn: Collection[str]) -> bool:
        """Return whether the document of a topic may have changed.

        Args:
            topic: the topic.
            drawn: paths of the blocks that the document of a subarray has, besides its own.
        """
        kind, key = topic
        if self.is_replaced:
            return True
        if kind == "overview":
            roots = (PBS.root, DEPLOYMENTS.root, _EB)
            return self._is_overview_changed or any(map(_begins(roots), self.paths))
        if kind == "subarray":
            owner = paths.component(paths.component_of_subarray(key))
            return (
                key in self._subarrays
                or owner in self.paths
                or not self.paths.isdisjoint(drawn)
                or any(map(_begins(DEPLOYMENTS.root), self.paths))
            )
        own = _ROOTS[kind] + key
        if own in self.paths or any(map(_begins(f"{own}/"), self.paths)):
            return True
        # Faults and links depend on subarrays; links on other objects, too.
        others = {"pb": (DEPLOYMENTS.root, _EB), "flow": (PBS.root,)}.get(kind, ())
        is_linked = bool(self._subarrays) and kind in ("pb", "eb")
        return is_linked or (others != () and any(map(_begins(others), self.paths)))


def _begins(roots: str | tuple[str, ...]) -> Callable[[str], bool]:
    return lambda path: path.startswith(roots)
