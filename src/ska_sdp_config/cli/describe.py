"""``ska-sdp describe``: print an object and everything related to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from ska_sdp_config.cli.errors import NotFound, join_faults
from ska_sdp_config.cli.group import Group
from ska_sdp_config.cli.objects import (
    ALLOCATION,
    DEPENDENCY,
    DEPLOYMENT,
    EB,
    FLOW,
    PB,
    REQUEST,
    RESOURCE,
    SCRIPT,
    SUBARRAY,
    SYSTEM,
    SdpObject,
)
from ska_sdp_config.cli.options import COMMON
from ska_sdp_config.cli.output import Entry, Printer, Section, note
from ska_sdp_config.cli.references import References, fields_of
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.cli.targets import check_id, id_argument, make_object_command
from ska_sdp_config.live import values

if TYPE_CHECKING:
    from ska_sdp_config.engine.transaction import Txn
    from ska_sdp_config.lmc.rows import SubarrayRow

__all__ = ["command"]

KINDS = (PB, EB, SUBARRAY, RESOURCE, REQUEST, ALLOCATION, SYSTEM)

NOT_DESCRIBED = "There is nothing at {} to describe"

STATE_COLUMNS = ("status", "reason", "last_updated")
"""Fields of states to show in a table."""

DEPLOYMENT_STATE_COLUMNS = ("status", "pods")
"""Fields of the states of deployments: the status of each pod; version 0.1 stored one for all."""


class _Collector:
    """Collector of related entries in one transaction.

    Attributes:
        absent: paths that are referenced but do not exist.
        references: reader of the references of entries to others.
    """

    def __init__(self, txn: Txn, prefix: str) -> None:
        self._txn = txn
        self._prefix = prefix
        self.absent: list[str] = []
        self.references = References(prefix)

    def sections(self, kind: SdpObject, key: str) -> Iterator[Section]:
        """Yield the section of an object, then those of all that is related to it."""
        of_kind = {
            PB: self._pb_sections,
            EB: self._eb_sections,
            SUBARRAY: self._subarray_sections,
            RESOURCE: self._resource_sections,
            REQUEST: self._request_sections,
            ALLOCATION: self._allocation_sections,
            SYSTEM: self._system_sections,
        }
        yield from of_kind[kind](key)

    def _object_section(self, kind: SdpObject, key: str) -> Section:
        """Return the value, the state and the owner of an object."""
        path = kind.path(self._prefix, key)
        return Section(_title(kind), self._entries([path, f"{path}/state", f"{path}/owner"]))

    def _system_sections(self, key: str) -> Iterator[Section]:
        yield self._object_section(SYSTEM, key)

    def _resource_sections(self, key: str) -> Iterator[Section]:
        yield self._object_section(RESOURCE, key)
        for kind in (REQUEST, ALLOCATION):
            yield self._linking_section(kind, "resource", RESOURCE.path("", key))

    def _request_sections(self, key: str) -> Iterator[Section]:
        section = self._object_section(REQUEST, key)
        yield section
        yield self._linked_section(section, "resource", RESOURCE)
        yield self._linking_section(ALLOCATION, "request", REQUEST.path("", key))

    def _allocation_sections(self, key: str) -> Iterator[Section]:
        section = self._object_section(ALLOCATION, key)
        yield section
        yield self._linked_section(section, "request", REQUEST)
        yield self._linked_section(section, "resource", RESOURCE)

    def _linked_section(self, section: Section, field: str, kind: SdpObject) -> Section:
        """Return the object to which a field of another one links, with its state."""
        found = (self.references.link(each, field, kind.root) for each in section.entries[:1])
        link = next(found, None)
        if link is None:
            return Section(_title(kind), [])
        path = f"{self._prefix}{link}"  # links are stored without the global prefix
        linked = self._entries([path, f"{path}/state"])
        if not linked:
            self.absent.append(path)
        return Section(_title(kind), linked)

    def _linking_section(self, kind: SdpObject, field: str, link: str) -> Section:
        """Return the objects of a kind whose field is a link."""
        values_of_kind = self._txn.list_values(kind.path(self._prefix))
        entries = [Entry(path, text) for path, text in values_of_kind]
        found = [entry for entry in entries if fields_of(entry).get(field) == link]
        return Section(_title(kind), found, kind.columns)

    def _subarray_sections(self, key: str) -> Iterator[Section]:
        section = self._object_section(SUBARRAY, key)
        yield section
        for eb_id in self._own_ids(section, "eb_id"):
            yield from self._eb_sections(eb_id)
            if not self._entries([EB.path(self._prefix, eb_id)]):
                self.absent.append(EB.path(self._prefix, eb_id))

    def _eb_sections(self, key: str) -> Iterator[Section]:
        section = self._object_section(EB, key)
        yield section
        listed = (self._own_ids(section, field) for field in ("pb_realtime", "pb_batch"))
        found = {each: None for pb_ids in listed for each in pb_ids}
        # A processing block made by a script may be missing from the lists of its execution block.
        root = PB.path(self._prefix)
        for path, text in self._txn.list_values(root):
            if fields_of(Entry(path, text)).get("eb_id") == key:
                found[path[len(root) :]] = None
        yield from self._block_sections([*found])

    def _pb_sections(self, key: str) -> Iterator[Section]:
        section = self._object_section(PB, key)
        yield section
        if section.entries:
            yield from self._related_sections([key], section.entries)

    def _block_sections(self, pb_ids: list[str]) -> Iterator[Section]:
        paths = [PB.path(self._prefix, each) for each in pb_ids]
        states = self._entries(f"{path}/state" for path in paths)
        entries = self._entries(paths)
        there = {entry.path for entry in entries}
        self.absent += [path for path in paths if path not in there]
        yield Section(_title(PB), entries, PB.columns)
        yield Section("states", states, STATE_COLUMNS)
        yield Section(
            "owners", self._entries(f"{path}/owner" for path in paths), ("hostname", "pid")
        )
        yield from self._related_sections(pb_ids, [*entries, *states])

    def _related_sections(self, pb_ids: list[str], entries: Iterable[Entry]) -> Iterator[Section]:
        """Yield the scripts, deployments, flows and dependencies of processing blocks."""
        scripts: dict[str, None] = {}
        deployments: dict[str, None] = {}
        for entry in entries:
            value = fields_of(entry)
            self._ids_in(entry, "eb_id")  # not followed, but its fault is reported
            parts = [values.field(value, f"script.{each}") for each in ("kind", "name", "version")]
            if all(parts):
                for each in self.references.ids(entry, "script", [":".join(parts)]):
                    scripts[SCRIPT.path(self._prefix, each)] = None
            named = value.get("deployments")
            ids = named if isinstance(named, dict) else ()
            for each in self.references.ids(entry, "deployments", ids):
                deployments[DEPLOYMENT.path(self._prefix, each)] = None
        yield Section(_title(SCRIPT), self._entries(scripts), SCRIPT.columns)
        # The ID of a deployment made by a script contains the ID of the processing block.
        root = DEPLOYMENT.path(self._prefix)
        any_of = "|".join(map(re.escape, pb_ids))
        has_id = re.compile(rf"(?<![A-Za-z0-9])(?:{any_of})(?![A-Za-z0-9])")
        for path in self._txn.list_keys(root) if pb_ids else ():
            if has_id.search(path, len(root)):
                deployments[path] = None
        yield from self._with_states(DEPLOYMENT, sorted(deployments))
        # A key begins with the processing block that produces the data; that of a dependency ends
        # with its origin, which may be another one.
        for kind in (FLOW, DEPENDENCY):
            root = kind.path(self._prefix)
            found = [
                path
                for path in self._txn.list_keys(root)
                for first, *_, last in [path[len(root) :].split(":")]
                if first in pb_ids or last in pb_ids
            ]
            yield from self._with_states(kind, found)
        for kind in (REQUEST, ALLOCATION):
            root = kind.path(self._prefix)
            found = [
                path
                for path in self._txn.list_keys(root)
                if path[len(root) :].partition(":")[0] in pb_ids
            ]
            yield Section(_title(kind), self._entries(found), kind.columns)

    def _with_states(self, kind: SdpObject, paths: list[str]) -> Iterator[Section]:
        title = _title(kind)
        states = self._entries(f"{path}/state" for path in paths)
        yield Section(title, self._entries(paths), kind.columns)
        columns = DEPLOYMENT_STATE_COLUMNS if kind == DEPLOYMENT else STATE_COLUMNS
        yield Section(f"states of {title}", states, columns)

    def _own_ids(self, section: Section, field: str) -> list[str]:
        """Return the IDs in a field of the object itself, not of its state."""
        return [each for entry in section.entries[:1] for each in self._ids_in(entry, field)]

    def _ids_in(self, entry: Entry, field: str) -> list[str]:
        """Return the IDs in a field: of a list, a single one, or none if it is null."""
        value = fields_of(entry).get(field)
        found = value if isinstance(value, list) else [] if value is None else [value]
        return self.references.ids(entry, field, found)

    def _entries(self, paths: Iterable[str]) -> list[Entry]:
        found = self._txn.get_many(paths)
        return [Entry(path, text) for path, text in found.items() if text is not None]


def _title(kind: SdpObject) -> str:
    return kind.about.removeprefix("Tango ")


def _subarrays_of(txn: Txn, prefix: str, kind: SdpObject, key: str) -> list[SubarrayRow]:
    """Return the rows of the subarray, or of those to which the block is linked."""
    if kind not in (SUBARRAY, EB, PB):
        return []
    from ska_sdp_config.cli.status_tables import read_subarray_rows

    rows = read_subarray_rows(txn, prefix)
    if kind == SUBARRAY:
        return [row for row in rows if row.subarray_id == key]
    eb_id: Any = key
    if kind == PB:
        path = PB.path(prefix, key)
        eb_id = fields_of(Entry(path, txn.get(path) or "")).get("eb_id")
    return [row for row in rows if row.eb_id is not None and row.eb_id == eb_id]


def _show_subarrays(rows: list[SubarrayRow], kind: SdpObject, out: Printer) -> None:
    """Print the derived states of a subarray; of a block the FAULT of its subarray, if any."""
    if not rows:
        return
    from datetime import datetime, timezone

    from ska_sdp_config.cli.overview_lines import subarray_lines
    from ska_sdp_config.cli.status_tables import fault_notes

    now = datetime.now(timezone.utc)
    if kind == SUBARRAY:
        out.lines(lambda width: [[], *subarray_lines(rows, now, width)])
    else:
        out.lines(lambda width: [[], *fault_notes(rows, width)])


def _command(kind: SdpObject) -> click.Command:
    def describe(out: Printer, prefix: str, key: str = "") -> None:
        if not kind.is_single:
            check_id(key)
        sections: list[Section] = []
        absent: list[str] = []
        faults: list[str] = []
        rows: list[SubarrayRow] = []
        with open_backend() as backend:
            for txn in backend.txn():
                collector = _Collector(txn, prefix)
                sections = list(collector.sections(kind, key))
                absent = collector.absent
                faults = collector.references.faults
                rows = _subarrays_of(txn, prefix, kind, key) if out.shows_columns else []
            if not sections[0].entries:
                raise NotFound(nothing_at(backend, kind.path(prefix, key), kind, NOT_DESCRIBED))
        out.sections([section for section in sections if section.entries])
        # Last, so that it is on the screen when the rest has scrolled away.
        _show_subarrays(rows, kind, out)
        if absent and not out.quiet:
            note(f"Referenced, but not in the database: {', '.join(absent)}.")
        if faults and not out.quiet:
            note(f"Not all references were followed: {join_faults(faults)}.")

    if kind.is_single:
        return make_object_command(kind, describe, [], f"Describe the {kind.about}.")
    text = f"Describe one of the {kind.about}, with everything related to it."
    return make_object_command(kind, describe, [id_argument(kind)], text)


command = Group(
    name="describe",
    help="Print an object and everything related to it: state, owner, script, deployments, flows, "
    "dependencies, requests for resources and their allocations; for an execution block also its "
    "processing blocks, for a subarray also its execution block.",
    usage=["[options] (pb|eb|subarray|resource|request|allocation) ID", "[options] system"],
    params=COMMON,
    commands=[_command(kind) for kind in KINDS],
)
