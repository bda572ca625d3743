"""Targets of verbs: a key, or an object and its ID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from ska_sdp_config.cli.complete import complete_ids, complete_keys
from ska_sdp_config.cli.errors import NotFound
from ska_sdp_config.cli.group import Action, Group, make_command
from ska_sdp_config.cli.objects import OBJECTS, SdpObject
from ska_sdp_config.cli.options import COMMON
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.errors import check_path, depth_of_path
from ska_sdp_config.store.keys import Span, key_of_path, spans_below
from ska_sdp_config.store.redaction import quoted_redacted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.engine.transaction import Txn

__all__ = [
    "KEY",
    "KeyGroup",
    "Target",
    "TargetGroup",
    "check_depth_of_key",
    "check_id",
    "id_argument",
    "make_object_command",
]


@dataclass(frozen=True, slots=True)
class Target:
    """An object or several objects with all their entries, or one key, which has no kind.

    Attributes:
        path: its full path; of several objects that of their directory.
        kind: the kind of object.
        word: the part of the IDs that selects several objects; empty for one.
        is_whole_kind: whether it is all objects of the kind.
    """

    path: str
    kind: SdpObject | None = None
    word: str = ""
    is_whole_kind: bool = False

    @property
    def entry(self) -> str:
        """The path of the main entry."""
        return self.path + (self.kind.leaf if self.kind else "")

    @property
    def is_state(self) -> bool:
        """Whether it is the state of an object."""
        return self.kind is not None and self.kind.is_state

    @property
    def absence(self) -> str:
        """A sentence that it does not exist, without its end."""
        if self.kind and self.word:
            return f"There are no {self.kind.about} of {self.word!r}"
        return f"There is nothing at {self.path}"

    def not_found(self, backend: Backend) -> NotFound:
        """Return the error that it does not exist, with an ID that is similar."""
        if self.kind and self.word:
            return NotFound(f"{self.absence}: try '{self.kind.hint}'.")
        return NotFound(nothing_at(backend, self.path, self.kind))

    @property
    def spans(self) -> list[Span]:
        """The spans of its keys; those of several objects contain other keys too."""
        below = spans_below(self.path, MAX_DEPTH) if self.kind else []
        return [Span(key_of_path(self.path)), *below]

    def includes(self, path: str) -> bool:
        """Return whether a path within the spans belongs to it."""
        if not (self.kind and self.word):
            return True
        return self.kind.is_selected(path[len(self.path) + 1 :], self.word)

    def read(self, txn: Txn) -> dict[str, str]:
        """Return the existing entries, sorted by path."""
        text = txn.get(self.path)
        found = {} if text is None else {self.path: text}
        if self.kind:
            levels = MAX_DEPTH - depth_of_path(self.path) - 1
            found.update(txn.list_values(f"{self.path}/", levels))
        return {path: text for path, text in found.items() if self.includes(path)}


class KeyGroup(Group):
    """Verb whose first argument is an object, or a key, which begins with a slash."""

    def __init__(self, key_command: click.Command, **arguments: Any) -> None:
        super().__init__(alternative="or a key, which begins with '/'", **arguments)
        self._key_command = key_command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command for an object, or for a key."""
        if args[0].startswith("/"):
            return "", self._key_command, args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of an object, or a key."""
        if incomplete.startswith("/"):
            return complete_keys(ctx, incomplete)
        return super().shell_complete(ctx, incomplete)


class TargetGroup(KeyGroup):
    """Verb that acts on one key, or on one object.

    Args:
        about: its help, with ``{}`` in place of the target.
        options: options besides the common ones.
        key_options: options for keys only.
        kind_options: options for some kinds of objects only.
        extra_arguments: the arguments after the key or ID.
        selects: whether a part of the ID may name several objects.
        selects_all: whether all objects of a kind are meant if the ID is left out.
        usage: lines of usage; by default those common to all verbs.
    """

    def __init__(
        self,
        name: str,
        action: Action,
        about: str,
        *,
        options: Sequence[click.Parameter] = (),
        key_options: Sequence[click.Parameter] = (),
        kind_options: Mapping[SdpObject, Sequence[click.Parameter]] = MappingProxyType({}),
        extra_arguments: Sequence[click.Argument] = (),
        kinds: Sequence[SdpObject] = OBJECTS,
        selects: bool = False,
        selects_all: bool = False,
        usage: Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        params: list[click.Parameter] = [*extra_arguments]
        words = "".join(f" {each.metavar}" for each in extra_arguments)
        super().__init__(
            _key_command(action, about, [*params, *key_options, *options]),
            name=name,
            usage=usage
            or [
                f"[options] KEY{words}",
                f"[options] pb ID{words}",
                *(["[options] flow (PB|KIND)"] if selects else []),
                f"[options] OBJECT [ID]{words}",
            ],
            params=[*key_options, *options, *COMMON],
            commands=[
                _object_command(
                    kind,
                    action,
                    about,
                    [*params, *kind_options.get(kind, ()), *options],
                    selects,
                    selects_all,
                )
                for kind in kinds
            ],
            **arguments,
        )


def _check_key(ctx: click.Context, param: click.Parameter, value: str) -> str:
    try:
        check_path(value)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    return value


KEY = click.Argument(["key"], callback=_check_key)
"""Argument for a key."""


def check_depth_of_key(key: str) -> None:
    """Check that listings reach the depth of a key.

    Raises:
        ValueError: they do not: no command would list it.
    """
    if depth_of_path(key) > MAX_DEPTH:
        raise ValueError(
            f"{key} has {depth_of_path(key)} slashes: no list shows a key of more than {MAX_DEPTH}"
        )


def check_id(key: str) -> None:
    """Validate an ID.

    Raises:
        UsageError: it cannot be a part of a path.
    """
    from ska_sdp_config.entity.common.ids import check_path_part

    if "=" in key:
        raise click.UsageError(f"Missing argument 'ID' before {quoted_redacted(key)}.")
    try:
        # Each part of a compound key may be as long as an ID.
        for part in [part for part in key.split(":") if part] or [key]:
            check_path_part(part)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc


def id_argument(
    kind: SdpObject, *, required: bool = True, selects: bool = False
) -> click.Argument:
    """Return the argument for the ID of an object; ``selects`` as for TargetGroup."""
    name = "|".join([kind.id_name, *kind.selectors]) if selects else kind.id_name
    return click.Argument(
        ["key"],
        metavar=name if required else f"[{name}]",
        required=required,
        shell_complete=lambda ctx, param, incomplete: complete_ids(kind, ctx, incomplete),
    )


def make_object_command(
    kind: SdpObject, action: Action, params: Sequence[click.Parameter], text: str
) -> click.Command:
    """Return the command of a verb for a kind of object; ``text`` is its help."""
    about = kind.about.capitalize()
    return make_command(kind.name, action, params, help=text, short_help=about)


def _key_command(action: Action, about: str, params: Sequence[click.Parameter]) -> click.Command:
    def act(key: str, **options: Any) -> None:
        action(Target(key), **options)

    return make_command(
        "key",
        act,
        [KEY, *params],
        help=f"{about.format('one key')}, given as a full path, as 'ska-sdp list -a' prints it.",
    )


def _object_command(
    kind: SdpObject,
    action: Action,
    about: str,
    params: Sequence[click.Parameter],
    selects: bool,
    selects_all: bool,
) -> click.Command:
    def act(prefix: str, key: str | None = None, **options: Any) -> None:
        if key is None and selects_all and not kind.is_single:
            target = Target(kind.path(prefix).rstrip("/"), kind, is_whole_kind=True)
            action(target, prefix=prefix, **options)
            return
        key = key or ""
        if not kind.is_single:
            check_id(key)
        target = Target(kind.path(prefix, key), kind)
        if selects and key.count(":") < len(kind.selectors):
            target = Target(kind.path(prefix).rstrip("/"), kind, key)
        action(target, prefix=prefix, **options)

    arguments = (
        [] if kind.is_single else [id_argument(kind, required=not selects_all, selects=selects)]
    )
    text = about.format(f"one of the {kind.about}")
    if selects and kind.selectors:
        text += f", or all of a {' or '.join(kind.selectors)}"
    if selects_all and not kind.is_single:
        text += f"; without {kind.id_name} all {kind.about}"
    return make_object_command(kind, act, [*arguments, *params], f"{text}.")
