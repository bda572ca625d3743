"""``ska-sdp delete``: delete a key, an object, or everything below a path."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from ska_sdp_config.cli.errors import Failed, NotFound
from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.objects import DEPENDENCY, DEPLOYMENT, EB, FLOW, PB, SCRIPT, SdpObject
from ska_sdp_config.cli.options import COMMON, DELETE_ALL, YES
from ska_sdp_config.cli.output import Change
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import KeyGroup, check_id, check_key, id_argument
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path

__all__ = ["command"]

KINDS = (PB, SCRIPT, EB, DEPLOYMENT, FLOW, DEPENDENCY)


def _delete_entry(
    path: str, also: Sequence[str], list_command: str, output: str | None, quiet: bool
) -> None:
    """Delete one entry, with its state and owner if there are any."""
    out = make_printer(output, quiet)
    gone: list[str] = []
    with open_backend(defer_interrupts()) as backend:
        for txn in backend.txn(prefetch=[path, *also]):
            found = txn.get_many([path, *also])
            if found[path] is None:
                raise NotFound(f"There is nothing at {path} to delete: try '{list_command}'.")
            gone = [each for each, text in found.items() if text is not None]
            for each in gone:
                txn.delete(each)
    out.changes([Change("deleted", each) for each in gone], 0)


def _delete_all(path: str, about: str, yes: bool, output: str | None, quiet: bool) -> None:
    """Delete everything below a path in one transaction."""
    out = make_printer(output, quiet)
    gone: list[str] = []
    levels = range(MAX_DEPTH - depth_of_path(path))
    if not yes:
        with open_backend() as backend:
            for txn in backend.txn():
                gone = txn.peek_keys(f"{path}/", levels)
        if gone:
            # The connection is closed first: the user may take long to confirm.
            _ask(f"Delete {about}: {len(gone)} keys below {path}?")
    with open_backend(defer_interrupts()) as backend:
        for txn in backend.txn():
            # Read without guards: there may be more keys than fit in a transaction.
            gone = txn.peek_keys(f"{path}/", levels)
            if gone:
                txn.delete_prefix(f"{path}/", must_exist=False, recursive=True)
    out.changes([Change("deleted", each) for each in gone], 0)


def _ask(question: str) -> None:
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
    def callback(
        prefix: str, everything: bool, yes: bool, key: str | None = None, **options: Any
    ) -> None:
        if everything == (key is not None):
            raise click.UsageError(
                f"Ambiguous which {kind.about} to delete: name one, or use -a for all."
            )
        if key is None:
            path = kind.path(prefix).rstrip("/")
            _delete_all(path, f"all {kind.about}", yes, **options)
            return
        check_id(key)
        path = kind.path(prefix, key)
        if kind == SCRIPT and (key.count(":") != 2 or not all(key.split(":"))):
            raise click.UsageError(
                f"{key!r} is not {kind.id_name}: 'ska-sdp delete {path}' deletes a key."
            )
        _delete_entry(path, [f"{path}/state", f"{path}/owner"], kind.list_command, **options)

    return click.Command(
        kind.name,
        params=[id_argument(kind, required=False), *PARAMS],
        callback=callback,
        context_settings=HELP,
        help=f"Delete one of the {kind.about}, with its state and owner; with -a all of them.",
        short_help=kind.about.capitalize(),
    )


def _delete_prefix(prefix: str, everything: bool, yes: bool, **options: Any) -> None:
    if not everything or not prefix:
        raise click.UsageError("Missing options: use -a and --prefix=PATH.")
    _delete_all(prefix, "everything below the prefix", yes, **options)


def _delete_key(key: str, prefix: str, everything: bool, yes: bool, **options: Any) -> None:
    check_key(key)
    if everything:
        raise click.UsageError(f"To delete all keys below, use 'delete -a --prefix={key} prefix'.")
    _delete_entry(key, [], "ska-sdp list -a", **options)


PARAMS: list[click.Parameter] = [DELETE_ALL, YES, *COMMON]

_key = click.Command(
    "key",
    params=[click.Argument(["key"]), *PARAMS],
    callback=_delete_key,
    context_settings=HELP,
    help="Delete one key, given as a full path, and nothing below it.",
)

_prefix = click.Command(
    "prefix",
    params=PARAMS,
    callback=_delete_prefix,
    context_settings=HELP,
    help="Delete everything below the path that --prefix names.",
    short_help="Everything below a prefix",
)

command = KeyGroup(
    _key,
    name="delete",
    help="Delete a key or an object, or all objects of a kind. They are deleted in one "
    "transaction, after confirmation.",
    usage=[
        "(-a|--all) [options] (pb|script|eb|deployment|flow|dependency|prefix)",
        "[options] (pb|eb|deployment|flow|dependency) ID",
        "[options] script KIND:NAME:VERSION",
        "[options] KEY",
    ],
    params=PARAMS,
    commands=[*map(_command, KINDS), _prefix],
)
