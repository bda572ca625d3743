"""What ``get`` and ``watch`` look at: the rules for both are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import click

from ..backend.common import check_path, depth_of_path
from ..backend.stm import MAX_DEPTH
from .group import HELP, Group
from .objects import OBJECTS, SdpObject
from .options import COMMON

__all__ = ["LookupGroup", "Target"]


class Reader(Protocol):
    """A transaction, as far as it is read here."""

    def get(self, path: str) -> str | None:
        """Get the text at a path, or None."""

    def list_values(self, path: str, recurse: int = 0) -> list[tuple[str, str]]:
        """List paths that begin so, with their texts."""


@dataclass(frozen=True, slots=True)
class Target:
    """One key, or an object with all its entries.

    Attributes:
        path: its path.
        is_object: whether what stands below the path belongs to it.
        seek: the command that lists what there is of the kind.
    """

    path: str
    is_object: bool = False
    seek: str = "ska-sdp list -a"

    def read(self, txn: Reader) -> dict[str, str]:
        """Read the entries that there are, sorted by path."""
        text = txn.get(self.path)
        found = {} if text is None else {self.path: text}
        if self.is_object:
            levels = MAX_DEPTH - depth_of_path(self.path) - 1
            found.update(txn.list_values(f"{self.path}/", levels))
        return found


Look = Callable[..., None]
"""Acts on a target, given the options by name."""


class LookupGroup(Group):
    """A verb that is given a key, or an object and its id.

    Args:
        name: the verb.
        look: does what it is for.
        options: its options beside the common ones.
        arguments: those of Group.
    """

    def __init__(
        self, name: str, look: Look, options: Sequence[click.Parameter] = (), **arguments: Any
    ) -> None:
        params = [*options, *COMMON]
        commands = [_of_object(verb_object, name, look, params) for verb_object in OBJECTS]
        super().__init__(
            name=name,
            usage=["[options] KEY", "[options] pb ID", "[options] OBJECT [ID]"],
            instead="or a key, which begins with '/'",
            params=params,
            commands=commands,
            **arguments,
        )
        self._of_key = _of_key(look, params)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command for an object, or for a key, which begins with a slash."""
        if args[0].startswith("/"):
            return "", self._of_key, args
        return super().resolve_command(ctx, args)


def _of_key(look: Look, params: Sequence[click.Parameter]) -> click.Command:
    def callback(key: str, **options: Any) -> None:
        try:
            check_path(key)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from exc
        look(Target(key), **options)

    return click.Command(
        "key",
        params=[click.Argument(["key"]), *params],
        callback=callback,
        context_settings=HELP,
        help="Look at one key, a whole path as 'ska-sdp list -a' prints it.",
    )


def _of_object(
    kind: SdpObject, verb: str, look: Look, params: Sequence[click.Parameter]
) -> click.Command:
    def callback(prefix: str, key: str = "", **options: Any) -> None:
        if not kind.is_single:
            _check_id(key)
        target = Target(kind.path(prefix, key), True, f"ska-sdp list {kind.name}")
        look(target, prefix=prefix, **options)

    argument = click.Argument(["key"], metavar=kind.id_name)
    return click.Command(
        kind.name,
        params=[*([] if kind.is_single else [argument]), *params],
        callback=callback,
        context_settings=HELP,
        help=f"{verb.capitalize()} all entries of one of the {kind.about}.",
        short_help=kind.about.capitalize(),
    )


def _check_id(key: str) -> None:
    from ..entity.common.ids import check_path_part

    try:
        check_path_part(key)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
