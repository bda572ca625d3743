"""``ska-sdp get``: print the value of a key, or all entries of an object."""

from __future__ import annotations

from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _get(target: Target, out: Printer, prefix: str) -> None:
    found: dict[str, str] = {}
    with open_backend() as backend:
        for txn in backend.txn():
            found = target.read(txn)
        if not found:
            raise target.not_found(backend)
    entries = [Entry(path, text) for path, text in found.items()]
    if target.kind:
        out.parts(entries)
    else:
        out.value(entries[0])


command = TargetGroup(
    "get",
    _get,
    "Print {}",
    selects=True,
    help="Print the value of a key, or all entries of an object.",
)
