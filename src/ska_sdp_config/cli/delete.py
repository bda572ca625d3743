"""``ska-sdp delete``: delete a key, an object, or everything below a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.errors import NotFound
from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.in_use import users_of_all, users_of_delete
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
from ska_sdp_config.cli.options import COMMON, DRY_RUN, YES, flag
from ska_sdp_config.cli.output import Change, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.cli.targets import KEY, KeyGroup, check_id, id_argument, make_object_command
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import depth_of_path
from ska_sdp_config.store.redaction import has_userinfo

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = ["command"]

KINDS = (PB, SCRIPT, EB, DEPLOYMENT, FLOW, DEPENDENCY, RESOURCE, REQUEST, ALLOCATION)


@dataclass(frozen=True)
class _Deleter:
    """Deletes of one command line, each in one transaction."""

    out: Printer
    yes: bool
    dry_run: bool

    def delete_entry(
        self, path: str, kind: SdpObject | None = None, also: Sequence[str] = ()
    ) -> None:
        """Delete one entry, with its state and owner if there are any."""
        confirmation = self._confirmation(always=False)

        def delete(backend: Backend, txn: Txn) -> list[str]:
            found = txn.get_many([path, *also])
            if found[path] is None:
                raise NotFound(nothing_at(backend, path, kind, "There is nothing at {} to delete"))
            confirmation.check(f"Delete {path}?", lambda: users_of_delete(txn, path))
            deleted = [each for each, text in found.items() if text is not None]
            for each in deleted:
                txn.delete(each)
            return deleted

        self._print(confirmation.run(open_backend, delete))

    def delete_all(self, path: str, about: str) -> None:
        """Delete everything below a path."""
        confirmation = self._confirmation(always=True)
        levels = range(MAX_DEPTH - depth_of_path(path))

        def delete(_: Backend, txn: Txn) -> list[str]:
            # Read without guards: there may be more keys than fit in a transaction.
            deleted = txn.peek_keys(f"{path}/", levels)
            if deleted:
                question = f"Delete {about}: {len(deleted)} keys below {path}?"
                confirmation.check(question, lambda: users_of_all(txn, path))
                txn.delete_prefix(f"{path}/", must_exist=False, recursive=True)
            return deleted

        self._print(confirmation.run(open_backend, delete))

    def _confirmation(self, *, always: bool) -> Confirmation:
        return Confirmation(
            yes=self.yes,
            dry_run=self.dry_run,
            quiet=self.out.quiet,
            always=always,
            done="deleted",
        )

    def _print(self, paths: Iterable[str]) -> None:
        word = "delete" if self.dry_run else "deleted"
        self.out.changes([Change(word, path) for path in paths], 0)


def _command(kind: SdpObject) -> click.Command:
    def delete(key: str | None, everything: bool, prefix: str, **options: Any) -> None:
        deleter = _Deleter(**options)
        if everything == (key is not None):
            raise click.UsageError(
                f"Ambiguous which {kind.about} to delete: name one, or use -a for all."
            )
        if key is None:
            deleter.delete_all(kind.path(prefix).rstrip("/"), f"all {kind.about}")
            return
        check_id(key)
        path = kind.path(prefix, key)
        if kind == SCRIPT and (key.count(":") != 2 or not all(key.split(":"))):
            raise click.UsageError(
                f"{key!r} is not {kind.id_name}: 'ska-sdp delete {path}' deletes a key."
            )
        deleter.delete_entry(path, kind, [f"{path}/state", f"{path}/owner"])

    return make_object_command(
        kind,
        delete,
        [id_argument(kind, required=False), *OPTIONS],
        f"Delete one of the {kind.about}, with its state and owner; with -a all of them.",
    )


def _delete_prefix(prefix: str, everything: bool, **options: Any) -> None:
    if not everything or not prefix:
        raise click.UsageError("Missing options: use -a and --prefix=PATH.")
    _Deleter(**options).delete_all(prefix, "everything below the prefix")


def _delete_key(key: str, everything: bool, prefix: str, **options: Any) -> None:
    if everything:
        shown = "PATH" if has_userinfo(key) else key
        raise click.UsageError(
            f"To delete all keys below, use 'delete -a --prefix={shown} prefix'."
        )
    _Deleter(**options).delete_entry(key)


OPTIONS: list[click.Parameter] = [
    flag("-a", "--all", "everything", text="Delete all of them."),
    YES,
    DRY_RUN,
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
    "transaction. All objects of a kind, and on a terminal also an object in use, only after "
    "confirmation: one that has a live owner, that a subarray links, or of an ACTIVE execution "
    "block.",
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
