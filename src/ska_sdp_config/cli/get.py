"""``ska-sdp get``: print the value of a key, or all entries of an object."""

from __future__ import annotations

from ska_sdp_config.cli.errors import NotFound
from ska_sdp_config.cli.output import Entry
from ska_sdp_config.cli.printers import make_printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _get(target: Target, prefix: str, output: str | None, quiet: bool) -> None:
    found: dict[str, str] = {}
    with open_backend() as backend:
        for txn in backend.txn():
            found = target.read(txn)
    if not found:
        raise NotFound(f"There is nothing at {target.path}: try '{target.list_command}'.")
    out = make_printer(output, quiet)
    entries = [Entry(path, text) for path, text in found.items()]
    if target.kind:
        out.parts(entries)
    else:
        out.value(entries[0])


command = TargetGroup(
    "get",
    _get,
    "Print {}",
    help="Print the value of a key, or all entries of an object.",
)
