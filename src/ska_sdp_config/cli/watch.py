"""``ska-sdp watch``: print the current value, then each change, until Ctrl-C."""

from __future__ import annotations

from ska_sdp_config.cli.changes import key_changes
from ska_sdp_config.cli.options import TIMEOUT, flag
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _watch(target: Target, out: Printer, prefix: str, timeout: float | None, values: bool) -> None:
    commits = key_changes(target, timeout, quiet=out.quiet)
    for number, changes in enumerate(commits):
        if number:
            out.key_changes(changes, whole=values)
        elif not target.is_whole_kind:
            # There may be thousands of objects of a kind: only their changes are printed.
            out.current(changes)


command = TargetGroup(
    "watch",
    _watch,
    "Watch {}",
    options=[TIMEOUT, flag("-v", "--values", text="Print whole values, not changed fields.")],
    selects=True,
    selects_all=True,
    help="Print the value of a key, or all entries of an object, then a line for each change: the "
    "time, the path, and the fields that changed. Without ID, print the changes of all objects of "
    "a kind. With -o json, each is a document with path, old, new and revision. Ctrl-C ends it.",
)
