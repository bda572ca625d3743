"""``ska-sdp watch``: what is stored, then each change of it, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .follow import follow
from .lookup import Target, TargetGroup
from .options import TIMEOUT
from .output import printer

__all__ = ["command", "news"]


def _watch(
    target: Target, prefix: str, output: str | None, quiet: bool, timeout: float | None
) -> None:
    out = printer(output, quiet)
    shown: dict[str, str] = {}
    for found in follow(target, prefix, timeout, quiet=quiet):
        for path, text in news(shown, found):
            out.news(path, text)
        shown = found


def news(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Get what differs between two states: paths with their texts, None where deleted."""
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            yield path, now.get(path)


command = TargetGroup(
    "watch",
    _watch,
    "Watch {}",
    options=[TIMEOUT],
    help="Print what is stored at a key, or all entries of an object, then each change of it, "
    "until Ctrl-C.",
)
