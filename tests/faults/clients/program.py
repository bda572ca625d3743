"""Common part of the client programs: arguments, connection, history and end."""

from __future__ import annotations

import argparse
import faulthandler
import queue
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from typing_extensions import Self

from ska_sdp_config import Config
from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from tests.faults.history import HistoryWriter, Operation
from tests.support.recorded import Body
from tests.support.serializability import Record

__all__ = ["Client", "Stop", "connected", "parser", "start"]


class Stop:
    """Request of SIGTERM or SIGINT to end, and the pauses until then.

    Args:
        pause: longest pause between two operations, in seconds.
        count: number of operations after which the client ends, 0 for no limit.
        chance: source of the random pauses.
    """

    def __init__(self, pause: float, count: int, chance: random.Random) -> None:
        self._pause = pause
        self._count = count
        self._chance = chance
        self._is_requested = False
        # An Event would deadlock if the handler of the signal interrupted its wait; a simple queue
        # may be used there.
        self._requests: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: self._requests.put(number))

    def wait(self, seconds: float) -> bool:
        """Wait for the request, and return whether it was made."""
        if not self._is_requested:
            with suppress(queue.Empty):
                self._requests.get(timeout=seconds)
                self._is_requested = True
        return self._is_requested

    def steps(self) -> Iterator[int]:
        """Yield the number of each operation until the client has to end."""
        number = 0
        while not self.wait(0) and (number < self._count or not self._count):
            yield number
            number += 1
            self.wait(self._chance.uniform(0, self._pause))


class Base(NamedTuple):
    """Common part of all clients, also of those without a connection.

    Attributes:
        name: unique name.
        history: its history.
        chance: source of its random choices.
        stop: its end.
    """

    name: str
    history: HistoryWriter
    chance: random.Random
    stop: Stop


@dataclass
class Client:
    """A client in a process of its own. A context manager that closes its connection.

    It records when the close begins and ends: a client may hang in it.

    Attributes:
        name: unique name.
        config: its connection.
        history: its history.
        chance: source of its random choices.
        stop: its end.
    """

    name: str
    config: Config
    history: HistoryWriter
    chance: random.Random
    stop: Stop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.history.note("closing")
        self.config.close()
        self.history.note("closed")
        self.history.close()

    def transact(self, kind: str, body: Callable[[Body], object]) -> Operation:
        """Run a transaction, record it, and return it; its errors are outcomes."""
        operation = self.history.begin(kind)
        record = Record(operation.name, operation.began.monotonic)
        try:
            for txn in self.config.txn():
                attempt = Body(txn.raw, record, f"{record.name}#{record.attempts}")
                body(attempt)
                attempt.finish(self.name)
                operation.details = {
                    "mark": record.mark,
                    "values": record.values,
                    "writes": record.writes,
                }
                self.history.attempt(operation)
        except CommitUnknown as error:
            self.history.end(operation, "unknown", error=str(error))
        except (ConfigConnectionError, RuntimeError) as error:
            # No response before the commit, or too many retries.
            self.history.end(operation, "failed", error=str(error))
        else:
            self.history.end(operation, "ok", txn.commit_revision)
        return operation


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the arguments that all clients have."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--seed", type=int, required=True, help="random seed")
    arguments.add_argument("--history", type=Path, required=True, help="file to write")
    arguments.add_argument("--name", help="name of the client; by default that of the file")
    arguments.add_argument("--count", type=int, default=0, help="number of operations")
    arguments.add_argument("--pause", type=float, default=0.02, help="longest pause in seconds")
    return arguments


def start(options: argparse.Namespace) -> Base:
    """Return the common part of the client of the arguments.

    SIGABRT then prints where each thread is: it ends a client that does not end by itself.
    """
    faulthandler.enable()
    name = options.name or options.history.name.partition(".")[0]
    chance = random.Random(f"{options.seed} {name}")
    stop = Stop(options.pause, options.count, chance)
    return Base(name, HistoryWriter(options.history, name), chance, stop)


def connected(options: argparse.Namespace) -> Client:
    """Return the client of the arguments; it connects by the environment, as Config does."""
    base = start(options)
    return Client(
        base.name,
        # The command is the identity of an owner.
        Config(owner={"pid": 0, "hostname": "faults", "command": [base.name]}),
        base.history,
        base.chance,
        base.stop,
    )
