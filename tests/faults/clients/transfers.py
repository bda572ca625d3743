"""Client that transfers amounts between accounts, and reads all of them at times."""

from __future__ import annotations

import random
from functools import partial

from tests.faults.clients.program import connected, parser
from tests.faults.transactions import ACCOUNTS, BALANCE
from tests.support.recorded import Body

AUDIT_SHARE = 0.3
"""Share of the operations that read all accounts."""


def open_accounts(body: Body) -> None:
    """Create the accounts, unless another client has done so."""
    if body.read(ACCOUNTS[0]) is None:
        for path in ACCOUNTS:
            body.write(path, str(BALANCE))


def transfer(seed: float, body: Body) -> None:
    # An attempt that is repeated makes the same choice.
    chance = random.Random(seed)
    source, target = chance.sample(ACCOUNTS, 2)
    amount = chance.randint(1, 20)
    balances = body.read_many([source, target])
    left = int(balances[source] or 0) - amount
    if left >= 0:
        body.write(source, str(left))
        body.write(target, str(int(balances[target] or 0) + amount))


def audit(body: Body) -> None:
    body.read_many(ACCOUNTS)


def main() -> None:
    client = connected(parser(__doc__).parse_args())
    with client:
        for _ in client.stop.steps():
            if client.transact("open", open_accounts).outcome == "ok":
                break
        for _ in client.stop.steps():
            if client.chance.random() < AUDIT_SHARE:
                client.transact("audit", audit)
            else:
                client.transact("transfer", partial(transfer, client.chance.random()))


if __name__ == "__main__":
    main()
