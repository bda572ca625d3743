"""``ska-sdp list``: list keys and values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ska_sdp_config.cli.complete import complete_first_parts
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import Group, with_printer
from ska_sdp_config.cli.objects import (
    DEPLOYMENT,
    OBJECTS,
    PB,
    SCRIPT,
    SUBARRAY,
    SYSTEM,
    SdpObject,
)
from ska_sdp_config.cli.options import COMMON, flag
from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import check_id, make_object_command
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import Compacted, depth_of_path
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path, path_of_key
from ska_sdp_config.store.redaction import quoted_redacted

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
    kind: SdpObject | None = None
    """Kind of the objects, None for all entries."""


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

    return Listing(root, range(level, level + 1), is_selected, kind.columns, kind)


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


def _show(listing: Listing, values: bool, out: Printer, prefix: str) -> None:
    """Read the selected keys, and print them."""
    entries: list[Entry] = []
    paths: list[str] = []
    with open_backend() as backend:
        if listing.columns and out.shows_columns and not values:
            _show_columns(backend, listing, out, prefix)
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


def _show_columns(backend: Backend, listing: Listing, out: Printer, prefix: str) -> None:
    """Print a table with fields of the values; of blocks and subarrays with derived ones."""
    if listing.kind in (PB, DEPLOYMENT):
        from ska_sdp_config.cli.status_tables import show_blocks

        show_blocks(backend, listing.kind, _stream(backend, listing, "/state"), out, prefix)
    elif listing.kind == SUBARRAY:
        from ska_sdp_config.cli.status_tables import show_subarrays

        show_subarrays(backend, out, prefix)
    else:
        out.columns(listing.columns, (entry for entry, _ in _stream(backend, listing)))


def _stream(
    backend: Backend, listing: Listing, leaf: str = ""
) -> Iterator[tuple[Entry, str | None]]:
    """Yield entries page by page, all at one revision.

    Args:
        backend: the database.
        listing: the selected entries.
        leaf: end of the path of a further entry to read for each, such as ``/state``.

    Yields:
        The entry, and the text of the further one, None if there is none.

    Raises:
        Failed: the revision was compacted in the meantime.
    """
    found, when = backend.list_keys(listing.root, listing.levels)
    paths = [path for path in found if isinstance(path, str) and listing.is_selected(path)]
    store = backend.store
    for begin in range(0, len(paths), PAGE_SIZE):
        page = paths[begin : begin + PAGE_SIZE]
        further = [f"{path}{leaf}" for path in page] if leaf else []
        queries = [Query(_span_of(part)) for part in (page, further) if part]
        try:
            reply = store.read(queries, when.revision, timeout=store.timeout)
        except Compacted as exc:
            raise Failed("The database was compacted while it was read: list it again.") from exc
        texts = {path_of_key(each.key): each.value for part in reply.found for each in part or ()}
        for path in page:
            if path in texts:
                yield Entry(path, texts[path]), texts.get(f"{path}{leaf}") if leaf else None


def _span_of(paths: list[str]) -> Span:
    """Return the span from the first to the last of some paths of one level."""
    # Not sorted by path: /pb/a-b/state is before /pb/a/state.
    return Span(key_of_path(min(paths)), key_of_path(max(paths)) + "\0")


def _check_date(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        # strptime also accepts days and months of one digit.
        if len(value) == len("YYYYMMDD") and datetime.strptime(value, "%Y%m%d"):
            return value
    except ValueError:
        pass
    raise click.UsageError(
        f"Invalid date {quoted_redacted(value)}: expected YYYYMMDD, e.g. 20260101.", ctx
    )


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
        _show(listing, prefix=prefix, **options)

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
    _show(_everything(f"{prefix}/"), prefix=prefix, **options)


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
