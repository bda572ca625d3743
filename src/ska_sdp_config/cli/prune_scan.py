"""Search of ``prune`` for old execution blocks and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ska_sdp_config.cli.objects import (
    ALLOCATION,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    SdpObject,
)
from ska_sdp_config.cli.prune_pages import Pages
from ska_sdp_config.cli.pruning import Belongings, last_time
from ska_sdp_config.live import values
from ska_sdp_config.lmc.deployment_ids import BlocksOfDeployments
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.statuses import EB_ENDED
from ska_sdp_config.store.keys import Span, readable_path_of, spans_of_listing

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.store.interface import Entry

__all__ = ["find_belongings"]


def find_belongings(
    backend: Backend,
    prefix: str,
    before: datetime,
    before_page: Callable[[], None] = lambda: None,
) -> Iterator[list[Belongings]]:
    """Yield the execution blocks that have ended before a time, with what belongs to them.

    The search is lazy: the caller removes the blocks of one page of keys before the next page is
    read. Values are not kept: the removal reads them again, as they may change.

    Args:
        backend: the database.
        prefix: the global prefix.
        before: only execution blocks last written before this time are yielded.
        before_page: called before each read; may raise an error to stop.

    Raises:
        ConfigConnectionError: several calls in a row had no response.
    """
    pages = Pages(backend.store, before_page)
    links = _Links(pages, prefix)
    for page in pages.keys(_span(EB, prefix)):
        blocks = list(_old_blocks(pages.values([entry.key for entry in page]), prefix, before))
        if blocks:
            links.update()
            links.add_processing_blocks(blocks)
            _add_parts(pages, prefix, blocks, links.pb_ids)
            yield blocks


def _old_blocks(entries: Iterable[Entry], prefix: str, before: datetime) -> Iterator[Belongings]:
    for eb_id, eb in _objects(entries, EB, prefix):
        time = last_time(eb_id, eb)
        if eb.get("status") in EB_ENDED and (time is None or time < before):
            listed = [eb.get("pb_realtime"), eb.get("pb_batch")]
            pb_ids = {
                each for ids in listed if isinstance(ids, list) for each in ids if is_id(each)
            }
            yield Belongings(eb_id, prefix, pb_ids)


class _Links:
    """Index of the processing blocks by their execution block and by their dependencies.

    Attributes:
        pb_ids: IDs of all processing blocks.
    """

    def __init__(self, pages: Pages, prefix: str) -> None:
        self._pages = pages
        self._prefix = prefix
        self._modified: dict[str, int] = {}
        self._of_eb: dict[str, set[str]] = {}
        self._dependents: dict[str, set[str]] = {}
        self.pb_ids: set[str] = set()

    def update(self) -> None:
        """List all processing blocks, and read those written since the last call."""
        self.pb_ids.clear()
        for page in self._pages.keys(_span(PB, self._prefix)):
            self.pb_ids.update(_ids(page, PB, self._prefix))
            written = [e.key for e in page if self._modified.get(e.key) != e.modified]
            self._modified.update({entry.key: entry.modified for entry in page})
            if len(written) == len(page):
                self._read(written)
            else:
                for key in written:
                    self._read([key])

    def _read(self, keys: Sequence[str]) -> None:
        for pb_id, pb in _objects(self._pages.values(keys), PB, self._prefix):
            eb_id = pb.get("eb_id")
            if isinstance(eb_id, str):
                self._of_eb.setdefault(eb_id, set()).add(pb_id)
            dependencies = pb.get("dependencies")
            for each in dependencies if isinstance(dependencies, list) else ():
                if isinstance(each, dict) and isinstance(each.get("pb_id"), str):
                    self._dependents.setdefault(each["pb_id"], set()).add(pb_id)

    def add_processing_blocks(self, blocks: Iterable[Belongings]) -> None:
        """Add the processing blocks that name each execution block, and their dependents."""
        for block in blocks:
            block.pb_ids |= self._of_eb.get(block.eb_id, set())
            of_block = (self._dependents.get(pb_id, set()) for pb_id in block.pb_ids)
            block.dependents = set().union(*of_block) - block.pb_ids


def _add_parts(pages: Pages, prefix: str, blocks: Iterable[Belongings], pb_ids: set[str]) -> None:
    """Add the flows and other entries of the processing blocks, found by their keys."""
    blocks_of: dict[str, list[Belongings]] = {}
    for block in blocks:
        for pb_id in block.pb_ids:
            blocks_of.setdefault(pb_id, []).append(block)

    if not blocks_of:
        return
    begins = [f"{pb_id}:" for pb_id in blocks_of]
    first, last = min(begins), max(begins)

    def keys(kind: SdpObject, first: str = "", last: str = "", level: int = 0) -> Iterator[str]:
        begin, end = _span(kind, prefix, first, level).begin, _span(kind, prefix, last, level).end
        for page in pages.keys(Span(begin, end)):
            yield from _ids(page, kind, prefix)

    for kind in (FLOW, ALLOCATION, REQUEST):
        for key in keys(kind, first, last):
            for block in blocks_of.get(key.split(":")[0], ()):
                block.add_part(kind.path(prefix, key))
    # A client may have deleted a flow without its state.
    for key in keys(FLOW, first, last, level=1):
        for block in blocks_of.get(key.split(":")[0], ()):
            block.add_part(FLOW.path(prefix, key.split("/")[0]))
    for key in keys(DEPENDENCY):
        # A key begins with the processing block of the flow, and ends with its consumer.
        for pb_id in {key.split(":")[0], key.split(":")[-1]}:
            for block in blocks_of.get(pb_id, ()):
                block.leftovers.add(DEPENDENCY.path(prefix, key))
    deployed = BlocksOfDeployments(pb_ids | blocks_of.keys())
    for key in keys(DEPLOYMENT):
        of_deployment = deployed.blocks_of(key)
        for block in (each for pb_id in of_deployment for each in blocks_of.get(pb_id, ())):
            # Otherwise it may belong to a processing block that is kept.
            if of_deployment <= block.pb_ids:
                block.leftovers.add(DEPLOYMENT.path(prefix, key))


def _span(kind: SdpObject, prefix: str, begin: str = "", level: int = 0) -> Span:
    """Return the span of the objects of a kind whose IDs begin with a text; 1 for their parts."""
    return spans_of_listing(kind.path(prefix, begin), [level])[0]


def _ids(entries: Iterable[Entry], kind: SdpObject, prefix: str) -> Iterator[str]:
    """Yield the IDs of objects of a kind; skip keys that are not valid paths."""
    root = kind.path(prefix)
    for entry in entries:
        path = readable_path_of(entry.key)
        if path is not None:
            yield path.removeprefix(root)


def _objects(
    entries: Iterable[Entry], kind: SdpObject, prefix: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ID and the value of each object of a kind whose value is a mapping."""
    for entry in entries:
        value = values.read(entry.value)
        if isinstance(value, dict):
            for object_id in _ids([entry], kind, prefix):
                yield object_id, value
