"""Index of the execution and processing blocks that have not ended."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.statuses import EB_ENDED, PB_ENDED

__all__ = ["ActiveBlocks"]

ReadTexts = Callable[[Iterable[str]], Mapping[str, "str | None"]]
"""Returns the texts at paths, None where there is none."""

EB, PB = "/eb/", "/pb/"


class ActiveBlocks:
    """Documents of the blocks that have not ended, and the paths of unreadable ones.

    There may be tens of thousands of ended blocks, of which nothing is kept. An index that was
    built from all texts and one that was updated after each change are equal.

    Attributes:
        documents: execution blocks, processing blocks and their states, by path.
        unreadable: paths of blocks, and directly below processing blocks, whose text is not a JSON
            object.
    """

    FOLLOWED = (EB, PB)
    """Prefixes of the paths that the index depends on."""

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self.unreadable: set[str] = set()

    def build(
        self,
        ebs: Iterable[tuple[str, str]],
        pb_parts: Iterable[tuple[str, str]],
        pbs: Iterable[tuple[str, str]],
    ) -> None:
        """Build the index from all texts with their paths; each argument is read once, in order.

        Args:
            ebs: the execution blocks.
            pb_parts: the states and owners of processing blocks.
            pbs: the processing blocks.
        """
        self.documents.clear()
        self.unreadable.clear()
        for path, text in filter(_is_of_block, ebs):
            self._put_eb(path, text)
        ended = {
            path for path, text in filter(_is_of_block, pb_parts) if self._put_pb_part(path, text)
        }
        for path, text in filter(_is_of_block, pbs):
            self._put_pb(path, text, ended)

    def update(self, changed: Iterable[str], read: ReadTexts) -> None:
        """Update the index after changes. To repeat an update has no effect.

        Args:
            changed: the paths that have changed; others than those of blocks are ignored.
            read: reads texts.
        """
        ebs, pb_parts, pbs = set(), set(), set()
        for path in filter(_has_no_empty_part, changed):
            depth = path.count("/")
            if path.startswith(EB) and depth == 2:
                ebs.add(path)
            elif path.startswith(PB) and depth == 2:
                pbs.add(path)
            elif path.startswith(PB) and depth == 3:
                pb_parts.add(path)
                pbs.add(path.rpartition("/")[0])
        # Whether a block has ended is in its state.
        pb_parts.update(map(paths.state_of, pbs))
        texts = read([*ebs, *pb_parts, *pbs])
        for path in ebs:
            self._put_eb(path, texts[path])
        ended = {path for path in pb_parts if self._put_pb_part(path, texts[path])}
        for path in pbs:
            self._put_pb(path, texts[path], ended)

    def _put_eb(self, path: str, text: str | None) -> None:
        document = self._parse(path, text)
        self._keep(path, document, not _has_status(document, EB_ENDED))

    def _put_pb_part(self, path: str, text: str | None) -> bool:
        """Put a state or an owner; return whether it is the state of an ended block."""
        document = self._parse(path, text)
        is_state = path.endswith("/state")
        has_ended = is_state and _has_status(document, PB_ENDED)
        self._keep(path, document, is_state and not has_ended)
        return has_ended

    def _put_pb(self, path: str, text: str | None, ended: Container[str]) -> None:
        document = self._parse(path, text)
        self._keep(path, document, paths.state_of(path) not in ended)

    def _parse(self, path: str, text: str | None) -> Json | None:
        document, is_readable = read_document(text)
        if is_readable:
            self.unreadable.discard(path)
        else:
            self.unreadable.add(path)
        return document

    def _keep(self, path: str, document: Json | None, is_active: bool) -> None:
        if document is not None and is_active:
            self.documents[path] = document
        else:
            self.documents.pop(path, None)


def _has_no_empty_part(path: str) -> bool:
    """Return whether no part of a path is empty; an ID is not."""
    return "//" not in path and not path.endswith("/")


def _is_of_block(item: tuple[str, str]) -> bool:
    return _has_no_empty_part(item[0])


def _has_status(document: Json | None, statuses: Container[str]) -> bool:
    return (document or {}).get("status") in statuses
