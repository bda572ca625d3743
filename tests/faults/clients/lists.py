"""Client that appends to several lists in a transaction, and reads several."""

from __future__ import annotations

import random
from functools import partial

from tests.faults.clients.program import connected, parser
from tests.faults.transactions import LISTS
from tests.support.recorded import Body

MAX_ELEMENTS = 24
"""Number of last elements that a list keeps, so that long runs stay fast."""


def append(seed: float, element: str, body: Body) -> None:
    """Read some lists, and append to some of them."""
    # An attempt that is repeated makes the same choice.
    chance = random.Random(seed)
    for path in chance.sample(LISTS, chance.randint(1, 4)):
        elements = (body.read(path) or "").split()
        if chance.random() < 0.6:
            body.write(path, " ".join([*elements, element][-MAX_ELEMENTS:]))


def main() -> None:
    client = connected(parser(__doc__).parse_args())
    with client:
        for number in client.stop.steps():
            element = f"{client.name}.{number}"
            client.transact("append", partial(append, client.chance.random(), element))


if __name__ == "__main__":
    main()
