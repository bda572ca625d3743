"""``ska-sdp delete``: delete a key, an object, or everything below a path."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ska_sdp_config.cli.errors import Failed, NotFound
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.interrupts import defer_interrupts
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
    SYSTEM,
    SdpObject,
)
from ska_sdp_config.cli.options import COMMON, flag
from ska_sdp_config.cli.output import Change, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.cli.targets import KEY, KeyGroup, check_id, id_argument, make_object_command
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path

__all__ = ["command"]

KINDS = (PB, SCRIPT, EB, DEPLOYMENT, FLOW, DEPENDENCY, RESOURCE, REQUEST, ALLOCATION)


def _delete_entry(
    path: str, out: Printer, kind: SdpObject | None = None, also: Sequence[str] = ()
) -> None:
    """Delete one entry, with its state and owner if there are any."""
    deleted: list[str] = []
    with open_backend(defer_interrupts()) as backend:
        for txn in backend.txn(prefetch=[path, *also]):
            found = txn.get_many([path, *also])
            if found[path] is None:
                raise NotFound(nothing_at(backend, path, kind, "There is nothing at {} to delete"))
            deleted = [each for each, text in found.items() if text is not None]
            for each in deleted:
                txn.delete(each)
    out.changes([Change("deleted", each) for each in deleted], 0)


def _delete_all(path: str, about: str, yes: bool, out: Printer) -> None:
    """Delete everything below a path in one transaction."""
    deleted: list[str] = []
    levels = range(MAX_DEPTH - depth_of_path(path))
    if not yes:
        with open_backend() as backend:
            for txn in backend.txn():
                deleted = txn.peek_keys(f"{path}/", levels)
        if deleted:
            # The connection is closed first: the user may take long to confirm.
            _confirm(f"Delete {about}: {len(deleted)} keys below {path}?")
    with open_backend(defer_interrupts()) as backend:
        for txn in backend.txn():
            # Read without guards: there may be more keys than fit in a transaction.
            deleted = txn.peek_keys(f"{path}/", levels)
            if deleted:
                txn.delete_prefix(f"{path}/", must_exist=False, recursive=True)
    out.changes([Change("deleted", each) for each in deleted], 0)


def _confirm(question: str) -> None:
    """Ask the user to confirm.

    Raises:
        Failed: the user did not confirm.
    """
    sys.stderr.write(f"{question} Type yes: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "yes":
        if not sys.stdin.isatty():
            sys.stderr.write("\n")
        raise Failed("Nothing was deleted: type yes to confirm, or use -y.")


def _command(kind: SdpObject) -> click.Command:
    def delete(key: str | None, everything: bool, yes: bool, out: Printer, prefix: str) -> None:
        if everything == (key is not None):
            raise click.UsageError(
                f"Ambiguous which {kind.about} to delete: name one, or use -a for all."
            )
        if key is None:
            _delete_all(kind.path(prefix).rstrip("/"), f"all {kind.about}", yes, out)
            return
        check_id(key)
        path = kind.path(prefix, key)
        if kind == SCRIPT and (key.count(":") != 2 or not all(key.split(":"))):
            raise click.UsageError(
                f"{key!r} is not {kind.id_name}: 'ska-sdp delete {path}' deletes a key."
            )
        _delete_entry(path, out, kind, [f"{path}/state", f"{path}/owner"])

    return make_object_command(
        kind,
        delete,
        [id_argument(kind, required=False), *OPTIONS],
        f"Delete one of the {kind.about}, with its state and owner; with -a all of them.",
    )


def _delete_prefix(prefix: str, everything: bool, yes: bool, out: Printer) -> None:
    if not everything or not prefix:
        raise click.UsageError("Missing options: use -a and --prefix=PATH.")
    _delete_all(prefix, "everything below the prefix", yes, out)


def _delete_key(key: str, prefix: str, everything: bool, yes: bool, out: Printer) -> None:
    if everything:
        raise click.UsageError(f"To delete all keys below, use 'delete -a --prefix={key} prefix'.")
    _delete_entry(key, out)


OPTIONS: list[click.Parameter] = [
    flag("-a", "--all", "everything", text="Delete all of them."),
    flag("-y", "--yes", text="Do not ask for confirmation."),
]

_key = make_command(
    "key",
    _delete_key,
    [KEY, *OPTIONS],
    help="Delete one key, given as a full path, and nothing below it.",
)

_prefix = make_command(
    "prefix",
    _delete_prefix,
    OPTIONS,
    help="Delete everything below the path that --prefix names.",
    short_help="Everything below a prefix",
)

command = KeyGroup(
    _key,
    name="delete",
    help="Delete a key or an object, or all objects of a kind. They are deleted in one "
    "transaction, after confirmation.",
    usage=[
        "(-a|--all) [options] (OBJECT|prefix)",
        "[options] OBJECT ID",
        "[options] script KIND:NAME:VERSION",
        "[options] KEY",
    ],
    params=[*OPTIONS, *COMMON],
    commands=[*map(_command, KINDS), _prefix],
    unsupported={
        SYSTEM.name: "The system entry is deleted only by its key: 'ska-sdp delete /system'."
    },
)
