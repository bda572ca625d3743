"""Client that competes for components and blocks, owned with leases.

It records what it believes: ``held`` is what a program would act upon. A loss of the ownership is
always recorded so, also if the client finds it by another operation.
"""

from __future__ import annotations

from contextlib import suppress

from ska_sdp_config.backend import CommitUnknown, ConfigCollision, ConfigConnectionError
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.operations.ownership import OwnershipOperations
from tests.faults.clients.program import Client, connected, parser
from tests.faults.limits import LEASE_TTL_S

COMPONENTS = ["faults-a", "faults-b"]
BLOCKS = [f"pb-faults-20260101-{number:05}" for number in range(3)]


def ownership_of(txn: Transaction, name: str) -> OwnershipOperations:
    """Return the operations on the ownership of a component or block."""
    if name in COMPONENTS:
        return txn.component(name).ownership
    return txn.processing_block(name).ownership


class Competitor:
    """Takes and releases ownership at random.

    Attributes:
        held: leases of what it has taken and not released, by name.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._owner = encode(client.config.owner)
        self.held: dict[str, Lease] = {}

    def step(self) -> None:
        """Take something, check that it is owned, or release it."""
        chance = self._client.chance
        name = chance.choice(COMPONENTS + BLOCKS)
        if name not in self.held:
            self._take(name)
        elif chance.random() < 0.6:
            self._believe(name)
        elif chance.random() < 0.6:
            self._look(name)
        else:
            self._release(name)

    def _take(self, name: str) -> None:
        history, config = self._client.history, self._client.config
        operation = history.begin("take", path=self._path(name), owner=self._owner)
        try:
            lease = config.lease(LEASE_TTL_S)
        except ConfigConnectionError as error:
            history.end(operation, "failed", error=str(error))
            return
        try:
            for txn in config.txn():
                ownership_of(txn, name).take(lease)
        except CommitUnknown as error:
            history.end(operation, "unknown", error=str(error))
        except (ConfigCollision, ConfigConnectionError, RuntimeError) as error:
            history.end(operation, "failed", error=str(error))
        else:
            self.held[name] = lease
            history.end(operation, "ok", txn.commit_revision)
            return
        with suppress(ConfigConnectionError):
            lease.revoke()

    def _believe(self, name: str) -> None:
        """Record whether the lease is alive, and drop it if it is not."""
        if not self._record_belief(name, self.held[name]):
            del self.held[name]

    def _record_belief(self, name: str, lease: Lease) -> bool:
        """Record and return whether a lease is alive, which needs no database."""
        operation = self._client.history.begin("belief", path=self._path(name), owner=self._owner)
        is_held = lease.alive()
        self._client.history.end(operation, "ok", held=is_held)
        return is_held

    def _look(self, name: str) -> None:
        """Record whether the database confirms the ownership at a revision.

        A lease that is alive afterwards was so before: then only the database decides.
        """
        history = self._client.history
        operation = history.begin("look", path=self._path(name), owner=self._owner)
        is_owner = False
        try:
            for txn in self._client.config.txn():
                is_owner = ownership_of(txn, name).is_owner()
        except (ConfigConnectionError, RuntimeError) as error:
            history.end(operation, "failed", error=str(error))
        else:
            is_alive = self.held[name].alive()
            history.end(operation, "ok", txn.revision, held=is_owner, alive=is_alive)
            if not is_alive:
                self._believe(name)

    def _release(self, name: str) -> None:
        history, lease = self._client.history, self.held.pop(name)
        operation = history.begin("release", path=self._path(name), owner=self._owner)
        try:
            for txn in self._client.config.txn():
                ownership_of(txn, name).release()
        except CommitUnknown as error:
            history.end(operation, "unknown", error=str(error))
        except (ConfigConnectionError, RuntimeError) as error:
            history.end(operation, "failed", error=str(error), alive=lease.alive())
        else:
            history.end(operation, "ok", txn.commit_revision, alive=lease.alive())
        if not lease.alive():
            self._record_belief(name, lease)
        with suppress(ConfigConnectionError):
            lease.revoke()

    @staticmethod
    def _path(name: str) -> str:
        return f"/{'component' if name in COMPONENTS else 'pb'}/{name}/owner"


def main() -> None:
    client = connected(parser(__doc__).parse_args())
    competitor = Competitor(client)
    with client:
        for _ in client.stop.steps():
            competitor.step()


if __name__ == "__main__":
    main()
