"""Rules of ``prune``: the entries of an execution block, and the conditions of its removal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import product
from typing import Any, NamedTuple

from ska_sdp_config.cli.objects import ALLOCATION, DEPENDENCY, EB, FLOW, PB, REQUEST, SdpObject
from ska_sdp_config.live import values
from ska_sdp_config.lmc.statuses import EB_ENDED, FLOW_DELETED, PB_ENDED
from ska_sdp_config.lmc.times import read_time

__all__ = ["Belongings", "Links", "last_time"]

Texts = Mapping[str, "str | None"]

_DATE_IN_ID = re.compile(r"-(\d{8})-")


class Links(NamedTuple):
    """Links of the subarrays.

    Attributes:
        of_subarrays: ID of the linked execution block by that of the subarray.
        of_pbs: ID of the linked execution block by that of each listed processing block.
    """

    of_subarrays: Mapping[str, str]
    of_pbs: Mapping[str, str]


@dataclass
class Belongings:
    """Execution block with the entries that are removed with it, and those that prevent it.

    Attributes:
        eb_id: ID of the execution block.
        prefix: the global prefix.
        pb_ids: IDs of the processing blocks that it lists or that name it.
        flows: paths of their flows.
        leftovers: paths of their deployments, dependencies and requests.
        allocations: paths of their allocations of resources.
        dependents: IDs of processing blocks of other execution blocks that depend on them.
    """

    eb_id: str
    prefix: str
    pb_ids: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    leftovers: set[str] = field(default_factory=set)
    allocations: set[str] = field(default_factory=set)
    dependents: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        """The path of the execution block."""
        return EB.path(self.prefix, self.eb_id)

    def listings(self, pb_ids: Iterable[str]) -> list[str]:
        """Return the listings of the parts of some processing blocks; see ``add_part``."""
        kinds = [kind for kind, _ in self._parts()]
        return [kind.path(self.prefix, f"{pb_id}:") for kind, pb_id in product(kinds, pb_ids)]

    def add_part(self, path: str) -> None:
        """Add a flow, allocation, request or dependency of one of the processing blocks."""
        for kind, paths in self._parts():
            root = kind.path(self.prefix)
            if path.startswith(root) and path.removeprefix(root).split(":")[0] in self.pb_ids:
                paths.add(path)

    def _parts(self) -> Iterator[tuple[SdpObject, set[str]]]:
        """Yield the kinds whose IDs begin with that of a processing block, with the paths."""
        yield FLOW, self.flows
        yield ALLOCATION, self.allocations
        yield REQUEST, self.leftovers
        yield DEPENDENCY, self.leftovers

    def units(self) -> list[list[str]]:
        """Return the paths to remove, in order; those of one unit go in one transaction.

        The execution block is last: the next run finds the rest after an interruption.
        """
        first = [*sorted(self.flows), *sorted(self.leftovers), *map(self._pb, sorted(self.pb_ids))]
        return [[path, f"{path}/state", f"{path}/owner"] for path in [*first, self.path]]

    def reads(self) -> list[str]:
        """Return the paths that the removal depends on."""
        return [path for unit in self.units() for path in unit] + self.conditions()

    def conditions(self) -> list[str]:
        """Return the paths that the removal depends on, but does not delete."""
        dependents = map(self._pb, sorted(self.dependents))
        states = (path for pb in dependents for path in (pb, f"{pb}/state"))
        return [*sorted(self.allocations), *states]

    def last_time(self, texts: Texts) -> datetime | None:
        """Return the time of the last write of it or a part, None if unknown."""
        states = [f"{self.path}/state", *(f"{self._pb(pb_id)}/state" for pb_id in self.pb_ids)]
        return last_time(self.eb_id, *(_mapping(texts, path) for path in (self.path, *states)))

    def reason_to_keep(self, texts: Texts, links: Links) -> str | None:
        """Return the reason to keep the execution block, None if it may be removed.

        Args:
            texts: the text at each path of ``reads``; other paths count as absent.
            links: the links of the subarrays.
        """
        return next(self._reasons(texts, links), None)

    def _reasons(self, texts: Texts, links: Links) -> Iterator[str]:
        if _mapping(texts, self.path).get("status") not in EB_ENDED:
            yield "it has not ended"
        for subarray, eb_id in links.of_subarrays.items():
            if eb_id == self.eb_id:
                yield f"subarray {subarray} links it"
        for path, _, owner in self.units():
            if texts.get(owner) is not None:
                yield f"{path} has an owner"
        for pb_id in sorted(self.pb_ids):
            yield from self._reasons_of_pb(pb_id, texts)
            user = links.of_pbs.get(pb_id, self.eb_id)
            if user != self.eb_id:
                yield f"{self._pb(pb_id)} is listed by {user}, which a subarray links"
        for path in sorted(self.flows):
            status = _mapping(texts, f"{path}/state").get("status")
            if texts.get(path) is not None and status != FLOW_DELETED:
                yield f"{path} is {status or 'without a status'}"
        for path in sorted(self.allocations):
            if texts.get(path) is not None:
                yield f"{path} exists"
        for path in map(self._pb, sorted(self.dependents)):
            has_ended = _mapping(texts, f"{path}/state").get("status") in PB_ENDED
            if texts.get(path) is not None and not has_ended:
                yield f"{path} depends on it and has not ended"

    def _reasons_of_pb(self, pb_id: str, texts: Texts) -> Iterator[str]:
        path = self._pb(pb_id)
        if texts.get(path) is None and texts.get(f"{path}/state") is None:
            return  # removed already
        status = _mapping(texts, f"{path}/state").get("status")
        if status not in PB_ENDED:
            yield f"{path} is {status or 'without a status'}"
        eb_id = _mapping(texts, path).get("eb_id")
        if isinstance(eb_id, str) and eb_id != self.eb_id:
            yield f"{path} belongs to {eb_id}"

    def _pb(self, pb_id: str) -> str:
        return PB.path(self.prefix, pb_id)


def last_time(eb_id: str, *documents: Mapping[str, Any]) -> datetime | None:
    """Return the time of the last write of an execution block, None if it is unknown.

    Args:
        eb_id: its ID, whose date counts if no document has a time.
        documents: the block, its state and the states of its processing blocks: the newest
            ``last_updated`` counts.
    """
    times = [read_time(each.get("last_updated")) for each in documents]
    known = [time for time in times if time is not None]
    if known:
        return max(known)
    for date in _DATE_IN_ID.findall(eb_id):
        try:
            return datetime.strptime(date, "%Y%m%d").replace(tzinfo=timezone.utc)
        except ValueError:
            continue
    return None


def _mapping(texts: Texts, path: str) -> Mapping[str, Any]:
    value = values.read(texts.get(path) or "")
    return value if isinstance(value, dict) else {}
