"""``ska-sdp watch``: print the current value, then each change, until Ctrl-C."""

from __future__ import annotations

from ska_sdp_config.cli.changes import changes
from ska_sdp_config.cli.options import TIMEOUT
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _watch(
    target: Target, prefix: str, output: str | None, quiet: bool, timeout: float | None
) -> None:
    out = make_printer(output, quiet)
    for path, text in changes(target, prefix, timeout, quiet=quiet):
        out.changed(path, text)


command = TargetGroup(
    "watch",
    _watch,
    "Watch {}",
    options=[TIMEOUT],
    help="Print the value of a key, or all entries of an object, then each change, until Ctrl-C.",
)
