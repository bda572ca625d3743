"""What a verb is given: a key, or an object and its id. The rules are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

from ska_sdp_config.cli.complete import complete_ids, complete_keys
from ska_sdp_config.cli.group import HELP, Group
from ska_sdp_config.cli.objects import OBJECTS, SdpObject
from ska_sdp_config.cli.options import COMMON
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import check_path, depth_of_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "KeyGroup",
    "Target",
    "TargetGroup",
    "check_depth_of_key",
    "check_id",
    "check_key",
    "id_argument",
]


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
        kind: the object that it is, None for a key.
    """

    path: str
    kind: SdpObject | None = None

    @property
    def seek(self) -> str:
        """The command that lists what there is of the kind."""
        return self.kind.seek if self.kind else "ska-sdp list -a"

    @property
    def entry(self) -> str:
        """The path of the one entry that stands for it."""
        return self.path + (self.kind.leaf if self.kind else "")

    def read(self, txn: Reader) -> dict[str, str]:
        """Read the entries that there are, sorted by path."""
        text = txn.get(self.path)
        found = {} if text is None else {self.path: text}
        if self.kind:
            levels = MAX_DEPTH - depth_of_path(self.path) - 1
            found.update(txn.list_values(f"{self.path}/", levels))
        return found


Act = Callable[..., None]
"""Acts on a target, given the options and further arguments by name."""


class KeyGroup(Group):
    """A verb that is given an object, or a key, which begins with a slash.

    Args:
        of_key: the command for a key.
        arguments: those of Group.
    """

    def __init__(self, of_key: click.Command, **arguments: Any) -> None:
        super().__init__(instead="or a key, which begins with '/'", **arguments)
        self._of_key = of_key

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command for an object, or for a key."""
        if args[0].startswith("/"):
            return "", self._of_key, args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of an object, or a key."""
        if incomplete.startswith("/"):
            return complete_keys(ctx, incomplete)
        return super().shell_complete(ctx, incomplete)


class TargetGroup(KeyGroup):
    """A verb that acts on one key, or on one object.

    Args:
        name: the verb.
        act: does what it is for.
        about: what it is for, for help; ``{}`` is what it acts on.
        options: its options beside the common ones.
        key_options: those that it has for keys only.
        further: names of the arguments after the key or id.
        kinds: the objects.
        usage: the ways of use; what can be said for all verbs if none are given.
        arguments: those of Group.
    """

    def __init__(
        self,
        name: str,
        act: Act,
        about: str,
        *,
        options: Sequence[click.Parameter] = (),
        key_options: Sequence[click.Parameter] = (),
        further: Sequence[str] = (),
        kinds: Sequence[SdpObject] = OBJECTS,
        usage: Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        params = [*options, *COMMON]
        more = [click.Argument([each.partition("=")[0].lower()], metavar=each) for each in further]
        words = " ".join(["", *further])
        super().__init__(
            _of_key(act, about, [*more, *key_options, *params]),
            name=name,
            usage=usage
            or [
                f"[options] KEY{words}",
                f"[options] pb ID{words}",
                f"[options] OBJECT [ID]{words}",
            ],
            params=[*key_options, *params],
            commands=[_of_object(kind, act, about, [*more, *params]) for kind in kinds],
            **arguments,
        )


def check_key(key: str) -> None:
    """Check a key that was given.

    Raises:
        UsageError: it is no path.
    """
    try:
        check_path(key)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc


def check_depth_of_key(key: str) -> None:
    """Check that a key is one that listings reach.

    Raises:
        ValueError: it is not; nobody would see it there.
    """
    if depth_of_path(key) > MAX_DEPTH:
        raise ValueError(
            f"{key} has {depth_of_path(key)} slashes: no list shows a key of more than {MAX_DEPTH}"
        )


def id_argument(kind: SdpObject, *, required: bool = True) -> click.Argument:
    """Get the argument that is the id of an object."""
    return click.Argument(
        ["key"],
        metavar=kind.id_name if required else f"[{kind.id_name}]",
        required=required,
        shell_complete=lambda ctx, param, incomplete: complete_ids(kind, ctx, incomplete),
    )


def _of_key(act: Act, about: str, params: Sequence[click.Parameter]) -> click.Command:
    def callback(key: str, **options: Any) -> None:
        check_key(key)
        act(Target(key), **options)

    return click.Command(
        "key",
        params=[click.Argument(["key"]), *params],
        callback=callback,
        context_settings=HELP,
        help=f"{about.format('one key')}, a whole path as 'ska-sdp list -a' prints it.",
    )


def _of_object(
    kind: SdpObject, act: Act, about: str, params: Sequence[click.Parameter]
) -> click.Command:
    def callback(prefix: str, key: str = "", **options: Any) -> None:
        if not kind.is_single:
            check_id(key)
        act(Target(kind.path(prefix, key), kind), prefix=prefix, **options)

    return click.Command(
        kind.name,
        params=[*([] if kind.is_single else [id_argument(kind)]), *params],
        callback=callback,
        context_settings=HELP,
        help=f"{about.format(f'one of the {kind.about}')}.",
        short_help=kind.about.capitalize(),
    )


def check_id(key: str) -> None:
    """Check an id that was given.

    Raises:
        UsageError: it is no part of a path.
    """
    from ska_sdp_config.entity.common.ids import check_path_part

    try:
        # Each part of a key that has several may be as long as an id.
        for part in [part for part in key.split(":") if part] or [key]:
            check_path_part(part)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
