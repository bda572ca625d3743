"""Interleaved transactions of several clients, each step compared with the reference model.

The generators behind the ``for`` loops are advanced explicitly, to interleave any two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.engine.backend import DbRevision
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.store.errors import LeaseNotFound
from ska_sdp_config.store.interface import Commit
from tests.support.commit_faults import Held

from .databases import DatabaseUnderTest, Network, observe
from .drawn import (
    CLIENT_OF_LOOP,
    CLIENTS,
    FATES,
    LOOPS,
    PATH,
    PATHS,
    PREFETCH,
    READ,
    RECURSE,
    START,
    VALUE,
)
from .reference import Attempt, History, LeaseEnded, State
from .running import Loop, Running, outcome

__all__ = ["Transactions"]

MAX_RETRIES = 2
"""Retries of a transaction; from the second on, each costs a pause."""


class Transactions(RuleBasedStateMachine):
    """Rules for the actions of clients and for faults; each result is checked at once.

    Args:
        database: the database under test.
    """

    def __init__(self, database: DatabaseUnderTest) -> None:
        super().__init__()
        self.database = database
        self.running: dict[int, Running] = {}
        self.leases: list[Lease] = []
        # Clients that have ever lost their own lease, and those that have not committed since.
        self.lost: set[int] = set()
        self.unaware: set[int] = set()
        # Commits that are still on their way, with their attempt if they are not settled.
        self.late: list[tuple[Network, Held, Attempt | None]] = []

    @initialize()
    def connect(self) -> None:
        self.database.clear()
        self.observer = self.database.connect()
        self.clients = [self.database.connect() for _ in range(max(CLIENT_OF_LOOP) + 1)]
        self.networks = [Network(client) for client in self.clients]
        self.history = History(observe(self.observer)[0])
        for path in PATHS[::2]:
            self.put_at_once(0, path, "first")

    def teardown(self) -> None:
        for now in self.running.values():
            now.loop.close()
        self.database.disconnect()

    # Calls in the body of a transaction

    @rule(number=LOOPS, prefetch=PREFETCH)
    def begin(self, number: int, prefetch: list[str]) -> None:
        if number not in self.running:
            self._begin(number, prefetch)

    @rule(number=LOOPS, path=PATH)
    def get(self, number: int, path: str) -> None:
        now = self._running(number)
        if now.attempt.doomed:
            seen = now.txn.get(path)
            assert now.repeats.setdefault(path, seen) == seen, "reads repeat"
            return
        self._compare(now, [path], lambda txn: txn.get(path))

    @rule(number=LOOPS, paths=st.lists(PATH, max_size=5))
    def get_many(self, number: int, paths: list[str]) -> None:
        self._compare(self._running(number), paths, lambda txn: txn.get_many(paths))

    @rule(number=LOOPS, start=START, recurse=RECURSE)
    def list_keys(self, number: int, start: str, recurse: int | Iterable[int]) -> None:
        self._compare(self._running(number), None, lambda txn: txn.list_keys(start, recurse))

    @rule(number=LOOPS, start=START, recurse=RECURSE)
    def peek_keys(self, number: int, start: str, recurse: int | Iterable[int]) -> None:
        self._compare(self._running(number), None, lambda txn: txn.peek_keys(start, recurse))

    @rule(number=LOOPS, start=START, recurse=RECURSE)
    def list_values(self, number: int, start: str, recurse: int | Iterable[int]) -> None:
        self._compare(self._running(number), None, lambda txn: txn.list_values(start, recurse))

    @rule(number=LOOPS, path=PATH, value=VALUE)
    def create(self, number: int, path: str, value: str) -> None:
        self._compare(self._running(number), [path], lambda txn: txn.create(path, value))

    @precondition(lambda self: self.leases)
    @rule(number=LOOPS, path=PATH, value=VALUE, which=st.integers(0, 9))
    def create_under_lease(self, number: int, path: str, value: str, which: int) -> None:
        lease = self.leases[which % len(self.leases)].id
        self._compare(self._running(number), [path], lambda txn: txn.create(path, value, lease))

    @rule(number=LOOPS, path=PATH, value=VALUE)
    def update(self, number: int, path: str, value: str) -> None:
        self._compare(self._running(number), [path], lambda txn: txn.update(path, value))

    @rule(number=LOOPS, path=PATH, must_exist=st.booleans(), recursive=st.booleans())
    def delete(self, number: int, path: str, must_exist: bool, recursive: bool) -> None:
        self._compare(
            self._running(number),
            [path] if must_exist else [],
            lambda txn: txn.delete(path, must_exist=must_exist, recursive=recursive),
        )

    # Ends of transactions

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        """Leave the loop by ``break``: nothing is written."""
        self._ends(which)[1].loop.close()

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 3))
    def finish(self, which: int) -> None:
        """Reach the end of the body: commit, retry, or fail after too many retries."""
        number, now = self._ends(which)
        attempt = now.attempt
        disputed = attempt.changed()
        conflict = attempt.doomed or (attempt.writes() and bool(disputed))
        try:
            txn = next(now.loop)
        except StopIteration:
            assert not conflict, f"it committed although {disputed} had changed"
            if attempt.writes():
                self.unaware.discard(CLIENT_OF_LOOP[number])
                self._advance(now.txn.reads.revision, attempt.result(now.txn.reads.revision))
        except LeaseNotFound:
            assert not conflict
            assert now.ran_for_lease
            assert self._names_ended_lease(attempt)
        except RuntimeError as exc:
            assert conflict
            assert now.retries == MAX_RETRIES, "it failed after too few retries"
            text = str(exc)
            assert f"{MAX_RETRIES} retries" in text
            assert attempt.doomed or all(path in text for path in disputed)
        else:
            for_lease = not conflict and not now.ran_for_lease and self._names_ended_lease(attempt)
            assert conflict or for_lease, "it was retried without a conflict"
            assert for_lease or now.retries < MAX_RETRIES
            attempt = Attempt(self.history)
            attempt.pin(txn.revision)
            self.running[number] = Running(
                now.loop, txn, attempt, now.retries + conflict, now.ran_for_lease or for_lease
            )
        self._check()

    @precondition(lambda self: self.running and self.database.at_once)
    @rule(which=st.integers(0, 3), fate=st.sampled_from(["answer", "request", "late"]))
    def finish_without_answer(self, which: int, fate: str) -> None:
        """Reach the end of the body while the database does not respond any more."""
        number, now = self._ends(which)
        attempt, network = now.attempt, self._network(number)
        conflict = bool(attempt.changed())
        is_sent = attempt.writes() and not attempt.doomed
        if (
            not is_sent
            or CLIENT_OF_LOOP[number] in self.unaware
            or (not conflict and self._names_ended_lease(attempt))
        ):
            now.loop.close()
            return
        network.plan = [fate, *["request"] * 1_000]
        network.is_impatient = True
        try:
            next(now.loop)
        except CommitUnknown:
            is_sent = True
        except ConfigConnectionError:
            # On a busy machine it timed out before the commit was sent.
            is_sent = False
            assert len(network.plan) == 1_001, "the outcome is unknown"
        else:
            raise AssertionError("the outcome is unknown")
        network.plan, network.is_impatient = [], False
        assert list(now.loop) == [], "the body does not run again"
        if not is_sent:
            self._check()
            return
        if fate == "late":
            self.late.append((network, network.held.pop(), attempt))
        revision, _ = observe(self.observer)
        if fate == "answer" and not conflict:
            self._advance(revision, attempt.result(revision))
        self._check()

    # Other events

    @rule(client=CLIENTS, path=PATH, value=VALUE)
    def put_at_once(self, client: int, path: str, value: str) -> None:
        """Run a whole transaction between two steps of others."""
        attempt = Attempt(self.history)
        for txn in self.clients[client].txn():
            found = txn.get(path)
            attempt.pin(txn.revision)
            assert attempt.get(path) == found
            for one in (txn, attempt):
                if found is None:
                    one.create(path, value)
                else:
                    one.update(path, value)
        self.unaware.discard(client)
        self._advance(txn.reads.revision, attempt.result(txn.reads.revision))
        self._check()

    @rule(client=CLIENTS, path=PATH, recursive=st.booleans())
    def delete_at_once(self, client: int, path: str, recursive: bool) -> None:
        attempt = Attempt(self.history)
        for txn in self.clients[client].txn():
            for one in (txn, attempt):
                one.delete(path, must_exist=False, recursive=recursive)
        self.unaware.discard(client)
        self._advance(txn.reads.revision, attempt.result(txn.reads.revision))
        self._check()

    @rule(age=st.integers(0, 10), start=START, recurse=RECURSE)
    def read_the_past(self, age: int, start: str, recurse: int | Iterable[int]) -> None:
        revision = max(self.history.revision - age, self.history.first, self.history.compacted)
        attempt = Attempt(self.history, revision)
        found, when = self.observer.list_keys(
            start, recurse, DbRevision(revision), with_values=True
        )
        assert found == attempt.list_values(start, recurse)
        assert when == DbRevision(revision)

    @rule(client=CLIENTS)
    def grant_lease(self, client: int) -> None:
        self.leases.append(self.clients[client].lease(ttl=600))

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 9))
    def revoke_lease(self, which: int) -> None:
        lease = self.leases[which % len(self.leases)]
        lease.revoke()
        had_keys = self.history.end_lease(lease.id)
        revision, _ = observe(self.observer)
        if had_keys:
            self._advance(revision, self.history.without_lease(lease.id))
        self._check()

    @rule()
    def compact(self) -> None:
        self.history.compacted = self.database.compact()

    @precondition(lambda self: self.database.loses_answers)
    @rule(client=CLIENTS, fates=FATES)
    def lose(self, client: int, fates: list[str]) -> None:
        """Plan the faults of the next commits of a client."""
        # Without the answer and the token the outcome of a commit is unknown.
        if client not in self.unaware:
            self.networks[client].plan = list(fates)

    @precondition(lambda self: self.late)
    @rule()
    def deliver(self) -> None:
        """Deliver a late commit."""
        network, held, attempt = self.late.pop()
        came = network.deliver(held)
        if attempt is None:
            assert not isinstance(came, Commit), "a settled commit took effect"
        elif isinstance(came, Commit):
            assert not attempt.changed()
            self._advance(came.revision, attempt.result(came.revision))
        self._check()

    @precondition(lambda self: self.database.loses_answers)
    @rule(client=CLIENTS)
    def lose_tokens(self, client: int) -> None:
        """Revoke the lease of the tokens of a client."""
        lease = self.clients[client].client_lease.current().id
        self.observer.store.revoke_lease(lease, timeout=20)
        self.lost.add(client)
        self.unaware.add(client)
        self.networks[client].plan = []

    @rule(
        prefetch=PREFETCH,
        before=st.lists(READ, min_size=1, max_size=2),
        path=PATH,
        change=st.none() | VALUE,
        compacted=st.booleans(),
        after=st.lists(READ, max_size=2),
    )
    def race(
        self,
        prefetch: list[str],
        before: list[tuple[Any, ...]],
        path: str,
        change: str | None,
        compacted: bool,
        after: list[tuple[Any, ...]],
    ) -> None:
        """Read, let a change happen, read on, write and finish: rare by chance."""
        if 0 in self.running:
            self.leave(list(self.running).index(0))
        self._begin(0, prefetch)
        for call, *arguments in before:
            getattr(self, call)(0, *arguments)
        if change is None:
            self.delete_at_once(1, path, False)
        else:
            self.put_at_once(1, path, change)
        if compacted:
            self.compact()
        for call, *arguments in after:
            getattr(self, call)(0, *arguments)
        self.delete(0, "/elsewhere", False, False)
        self.finish(list(self.running).index(0))

    # Implementation

    def _begin(self, number: int, prefetch: Iterable[str] = ()) -> Running:
        client = self.clients[CLIENT_OF_LOOP[number]]
        loop = cast(Loop, client.txn(MAX_RETRIES, prefetch))
        now = self.running[number] = Running(loop, next(loop), Attempt(self.history))
        if prefetch:
            now.attempt.pin(now.txn.revision)
        return now

    def _running(self, number: int) -> Running:
        return self.running.get(number) or self._begin(number)

    def _ends(self, which: int) -> tuple[int, Running]:
        number = list(self.running)[which % len(self.running)]
        return number, self.running.pop(number)

    def _network(self, number: int) -> Network:
        return self.networks[CLIENT_OF_LOOP[number]]

    def _compare(
        self, now: Running, reads: list[str] | None, step: Callable[[Any], object]
    ) -> None:
        """Call the library and the reference model alike, and compare the results.

        Args:
            now: the transaction.
            reads: the paths whose values it reads, None if it lists.
            step: the call.
        """
        attempt = now.attempt
        if attempt.doomed:
            return
        before = {path: attempt.get(path) for path in sorted(attempt.read)}
        happened = outcome(lambda: step(now.txn))
        asks = reads is None or not all(attempt.writes_itself(path) for path in reads)
        if attempt.pinned or asks:
            attempt.pin(now.txn.revision)
        if attempt.doomed:
            now.repeats = before
            return
        assert happened == outcome(lambda: step(attempt))

    def _advance(self, revision: int, state: State) -> None:
        if state != self.history.newest:
            self.history.advance(revision, state)

    def _names_ended_lease(self, attempt: Attempt) -> bool:
        try:
            attempt.result(attempt.history.revision + 1)
        except LeaseEnded:
            return True
        return False

    def _check(self) -> None:
        """Compare everything that is stored, with revisions and leases."""
        for network in self.networks:
            self.late += [(network, held, None) for held in network.held]
            network.held.clear()
        revision, state = observe(self.observer)
        assert state == self.history.newest
        assert revision >= self.history.revision
        for number, client in enumerate(self.clients):
            assert number in self.lost or not client.client_lease.is_lost
