"""Client that mirrors the paths below a prefix, and records each revision that it shows."""

from __future__ import annotations

from tests.faults.clients.program import Client, connected, parser
from tests.faults.transactions import DATA

LEVELS = 1
"""Levels of paths below the children of the prefix."""

CHECK_INTERVAL_S = 0.5
"""Seconds between two checks of whether to end."""


def mirror(client: Client) -> None:
    """Follow the prefix until the client has to end.

    Each record has the values that have changed since the record before; the first, and each one
    after a gap in the known changes, has all values. A record at the start names the client even
    if it never shows a revision.
    """
    client.history.note("mirroring", prefix=DATA)
    for watcher in client.config.watcher(timeout=CHECK_INTERVAL_S, follow=[DATA]):
        values: dict[str, str | None] | None = None
        for txn in watcher.txn():
            changed = watcher.changed
            is_whole = changed is None
            values = (
                dict(txn.raw.list_values(DATA, LEVELS))
                if changed is None
                else txn.get_many(changed)
            )
        if values or (values is not None and is_whole):
            client.history.note("mirror", txn.revision, whole=is_whole, values=values)
        if client.stop.wait(0):
            return


def main() -> None:
    client = connected(parser(__doc__).parse_args())
    with client:
        mirror(client)
        client.history.note("ended")


if __name__ == "__main__":
    main()
