"""Serial executions on an exact clock: honest histories, which tests then damage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.database_log import Change
from tests.faults.history import NEVER, Operation, Outcome, Time
from tests.faults.transactions import ACCOUNTS, BALANCE, COUNTER

__all__ = ["Fate", "World"]

Fate = Literal["ok", "failed", "lost", "dropped"]
"""Fate of an operation: its answer is lost, or the operation itself is dropped."""

OUTCOMES: Mapping[Fate, Outcome] = {
    "ok": "ok",
    "failed": "failed",
    "lost": "unknown",
    "dropped": "unknown",
}

WALL = 1_800_000_000.0
"""Wall time of the monotonic time 0."""

DURATION_S = 0.4
"""Time before and after the commit of an operation; the next one commits a second later."""

SUBARRAY = "01"


class World:
    """The database, and the histories of its clients.

    Attributes:
        state: present texts by path.
        revision: present revision.
        time: present time, on the monotonic clock.
        is_logged: whether the log of the database has begun.
        operations: operations in the order of their commits.
        changes: changes of the database.
    """

    def __init__(self) -> None:
        self.state: dict[str, str] = {}
        self.revision = 1
        self.time = 0.0
        self.is_logged = True
        self.operations: list[Operation] = []
        self.changes: list[Change] = []
        self.entry = Entry()
        self._numbers: Counter[str] = Counter()

    def write(self, values: Mapping[str, str | None]) -> int:
        """Commit writes, and return their revision."""
        self.revision += 1
        for path, value in values.items():
            if value is not None:
                self.state[path] = value
            elif self.state.pop(path, None) is None:
                continue
            received = self.time + DURATION_S / 2
            self.changes.append(
                Change(self.revision, path, value, received, is_present=not self.is_logged)
            )
        return self.revision

    def add(
        self,
        client: str,
        kind: str,
        fate: Fate = "ok",
        slack: float = 0.0,
        revision: int = 0,
        **details: Any,
    ) -> Operation:
        """Append an operation around the present time; slack lengthens it at both ends."""
        began, ended = self.time - DURATION_S - slack, self.time + DURATION_S + slack
        operation = Operation(
            client,
            self._numbers[client],
            kind,
            Time(began, WALL + began),
            NEVER if OUTCOMES[fate] == "unknown" else Time(ended, WALL + ended),
            OUTCOMES[fate],
            revision if fate == "ok" else 0,
            details,
        )
        self._numbers[client] += 1
        self.operations.append(operation)
        return operation

    def transact(
        self,
        client: str,
        kind: str,
        reads: list[str],
        writes: Mapping[str, str],
        fate: Fate = "ok",
        slack: float = 0.0,
    ) -> Operation:
        """Run a transaction."""
        self.time += 1
        mark = f"{client}.{self._numbers[client]}#1" if writes else None
        values = {path: self.state.get(path) for path in reads}
        stored: dict[str, str] = {**writes, f"/mark/{client}": mark} if mark else {}
        revision = self.revision
        if stored and fate in ("ok", "lost"):
            revision = self.write(stored)
        return self.add(
            client, kind, fate, slack, revision, mark=mark, values=values, writes=stored
        )

    def increment(self, client: str, fate: Fate = "ok", slack: float = 0.0) -> Operation:
        value = int(self.state.get(COUNTER, "0")) + 1
        return self.transact(client, "increment", [COUNTER], {COUNTER: str(value)}, fate, slack)

    def transfer(
        self, client: str, amount: int, fate: Fate = "ok", slack: float = 0.0
    ) -> Operation:
        """Transfer from the fullest account to the emptiest, after all were opened."""
        if ACCOUNTS[0] not in self.state:
            opened = dict.fromkeys(ACCOUNTS, str(BALANCE))
            return self.transact(client, "open", ACCOUNTS, opened, "ok", slack)
        by_balance = sorted(ACCOUNTS, key=lambda path: int(self.state[path]))
        target, source = by_balance[0], by_balance[-1]
        writes = {
            source: str(int(self.state[source]) - amount),
            target: str(int(self.state[target]) + amount),
        }
        return self.transact(client, "transfer", [source, target], writes, fate, slack)

    def audit(self, client: str, slack: float = 0.0) -> Operation:
        return self.transact(client, "audit", ACCOUNTS, {}, "ok", slack)

    def write_entry(self, **fields: Any) -> int:
        """Write fields of the subarray's entry, without a command."""
        self.entry = Entry.read({**self.entry.document(), **fields})
        return self.write({f"/lmc/subarray/{SUBARRAY}": json.dumps(self.entry.document())})

    def accept(self, command: str, transaction_id: str) -> int:
        """Write the effect of a command."""
        transition = TRANSITIONS[command]
        state = transition.state or self.entry.state_commanded
        return self.write_entry(
            transaction_id=transaction_id,
            last_command=command,
            command_count=self.entry.command_count + 1,
            state_commanded=state.name,
            obs_state_commanded=transition.target.name,
        )

    def command(
        self,
        client: str,
        command: str,
        fate: Fate = "ok",
        slack: float = 0.0,
        *,
        with_id: bool = True,
    ) -> Operation:
        """Send a command, with a transaction ID of the client or of the device."""
        self.time += 1
        sent = f"txn-{client}-{self._numbers[client]}" if with_id else None
        if fate in ("ok", "lost"):
            self.accept(command, sent or f"txn-lmc-{self.revision}")
        return self.add(
            client,
            "command",
            fate,
            slack,
            subarray=SUBARRAY,
            command=command,
            transaction_id=sent,
        )
