"""``ska-sdp list``: list keys and values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ska_sdp_config.cli.complete import complete_first_parts
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import Group, with_printer
from ska_sdp_config.cli.objects import OBJECTS, PB, SCRIPT, SYSTEM, SdpObject
from ska_sdp_config.cli.options import COMMON, flag
from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import check_id, make_object_command
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import Compacted, depth_of_path
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path, path_of_key

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["command"]

PAGE_SIZE = 1000
"""Number of values that a long table reads per call."""


class Listing(NamedTuple):
    """Selection of the paths that begin with a root, at some depths relative to it."""

    root: str
    levels: range
    is_selected: Callable[[str], bool] = lambda path: True
    columns: tuple[str, ...] = ()
    """Fields of values that a table shows."""


def _everything(root: str) -> Listing:
    """Select all paths that begin with a root, at any depth."""
    return Listing(root, range(MAX_DEPTH - depth_of_path(root) + 1))


def _objects(kind: SdpObject, prefix: str) -> Listing:
    """Select the objects of a kind, without their states and owners."""
    root, leaf = kind.path(prefix), kind.leaf
    level = depth_of_path(leaf)

    def is_selected(path: str) -> bool:
        # A path that is longer than that of the only instance is another key.
        return path == root if kind.is_single else path.endswith(leaf)

    return Listing(root, range(level, level + 1), is_selected, kind.columns)


def _objects_with_all(kind: SdpObject, prefix: str) -> Listing:
    """Select all entries of all objects of a kind."""
    listing = _everything(kind.path(prefix))
    if not kind.is_single:
        return listing
    return listing._replace(is_selected=lambda path: f"{path}/".startswith(f"{listing.root}/"))


def _of_date(listing: Listing, date: str) -> Listing:
    """Select only objects with a date in their ID: the last part but one."""
    depth = depth_of_path(listing.root)

    def is_selected(path: str) -> bool:
        return path.split("/")[depth].split("-")[-2:-1] == [date]

    return listing._replace(is_selected=is_selected)


def _show(listing: Listing, values: bool, out: Printer) -> None:
    """Read the selected keys, and print them."""
    entries: list[Entry] = []
    paths: list[str] = []
    with open_backend() as backend:
        if listing.columns and out.shows_columns and not values:
            out.columns(listing.columns, _stream(backend, listing))
            return
        for txn in backend.txn():
            if values:
                found = txn.list_values(listing.root, listing.levels)
                entries = [Entry(*each) for each in found if listing.is_selected(each[0])]
            else:
                found_keys = txn.list_keys(listing.root, listing.levels)
                paths = [*filter(listing.is_selected, found_keys)]
    if values:
        out.entries(entries)
    else:
        out.keys(paths)


def _stream(backend: Backend, listing: Listing) -> Iterator[Entry]:
    """Yield entries page by page, all at one revision.

    Raises:
        Failed: the revision was compacted in the meantime.
    """
    found, when = backend.list_keys(listing.root, listing.levels)
    paths = [path for path in found if isinstance(path, str) and listing.is_selected(path)]
    for begin in range(0, len(paths), PAGE_SIZE):
        page = set(paths[begin : begin + PAGE_SIZE])
        first, last = paths[begin], paths[min(begin + PAGE_SIZE, len(paths)) - 1]
        span = Span(key_of_path(first), key_of_path(last) + "\0")
        store = backend.store
        try:
            reply = store.read([Query(span)], when.revision, timeout=store.timeout)
        except Compacted as exc:
            raise Failed("The database was compacted while it was read: list it again.") from exc
        for each in reply.found[0] or ():
            path = path_of_key(each.key)
            if path in page:
                yield Entry(path, each.value)


def _check_date(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        # strptime also accepts days and months of one digit.
        if len(value) == len("YYYYMMDD") and datetime.strptime(value, "%Y%m%d"):
            return value
    except ValueError:
        pass
    raise click.UsageError(f"Invalid date {value!r}: expected YYYYMMDD, e.g. 20260101.", ctx)


def _of_word(listing: Listing, kind: SdpObject, word: str) -> Listing:
    """Select only objects that a part of their IDs selects."""
    start, is_selected = len(listing.root), listing.is_selected
    return listing._replace(
        is_selected=lambda path: is_selected(path) and kind.is_selected(path[start:], word)
    )


def _check_word(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        check_id(value)
    return value


def _word_argument(kind: SdpObject) -> click.Argument:
    return click.Argument(
        ["word"],
        required=False,
        metavar=f"[{'|'.join(kind.selectors)}]",
        callback=_check_word,
        shell_complete=lambda ctx, param, incomplete: complete_first_parts(kind, ctx, incomplete),
    )


DATE = click.Argument(["date"], required=False, metavar="[DATE]", callback=_check_date)
KIND = click.Argument(
    ["script_kind"],
    required=False,
    metavar="[KIND]",
    type=click.Choice(["batch", "realtime"], case_sensitive=False),
)
ALL = flag("-a", "--all", "everything", text="List every entry, including states and owners.")
VALUES = flag("-v", "--values", text="List the values too; with -q only the values.")


def _command(kind: SdpObject) -> click.Command:
    def list_(
        prefix: str,
        everything: bool,
        date: str | None = None,
        script_kind: str | None = None,
        word: str | None = None,
        **options: Any,
    ) -> None:
        listing = (_objects_with_all if everything else _objects)(kind, prefix)
        if script_kind:
            listing = listing._replace(root=f"{listing.root}{script_kind}:")
        if date:
            listing = _of_date(listing, date)
        if word:
            listing = _of_word(listing, kind, word)
        _show(listing, **options)

    arguments = {PB: [DATE], SCRIPT: [KIND]}.get(kind, [])
    text = f"List {kind.about}, with -a also their states and owners"
    if kind.selectors:
        arguments = [_word_argument(kind)]
        text += f"; all, or those of a {' or '.join(kind.selectors)}"
    return make_object_command(kind, list_, [*arguments, ALL, VALUES], f"{text}.")


def _without_object(prefix: str, everything: bool, **options: Any) -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return
    if not everything:
        ctx.fail("Missing object: name one, or use -a to list everything.")
    _show(_everything(f"{prefix}/"), **options)


command = Group(
    name="list",
    help="List keys, and optionally values, of the configuration database.",
    usage=[
        "(-a|--all) [options]",
        "[options] pb [DATE]",
        "[options] script [KIND]",
        "[options] (deployment|eb|controller|subarray)",
        "[options] (flow|dependency) [PB|KIND]",
        "[options] resource [KIND]",
        "[options] (request|allocation) [PB]",
        "[options] component",
    ],
    params=[ALL, VALUES, *COMMON],
    callback=with_printer(_without_object),
    invoke_without_command=True,
    commands=[_command(kind) for kind in OBJECTS if kind != SYSTEM],
    unsupported={
        SYSTEM.name: "There is only one system entry: print it with 'ska-sdp get system'."
    },
)
