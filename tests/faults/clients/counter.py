"""Client that increments a counter which all such clients share."""

from __future__ import annotations

from tests.faults.clients.program import connected, parser
from tests.faults.transactions import COUNTER
from tests.support.recorded import Body


def increment(body: Body) -> None:
    body.write(COUNTER, str(int(body.read(COUNTER) or 0) + 1))


def main() -> None:
    client = connected(parser(__doc__).parse_args())
    with client:
        for _ in client.stop.steps():
            client.transact("increment", increment)


if __name__ == "__main__":
    main()
