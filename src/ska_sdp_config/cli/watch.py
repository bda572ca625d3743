"""``ska-sdp watch``: print the current value, then each change, until Ctrl-C."""

from __future__ import annotations

from ska_sdp_config.cli.changes import changes
from ska_sdp_config.cli.options import TIMEOUT
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _watch(target: Target, out: Printer, prefix: str, timeout: float | None) -> None:
    for texts in changes(target, timeout, quiet=out.quiet):
        for path, text in texts.items():
            out.changed(path, text)


command = TargetGroup(
    "watch",
    _watch,
    "Watch {}",
    options=[TIMEOUT],
    selects=True,
    help="Print the value of a key, or all entries of an object, then each change, until Ctrl-C.",
)
