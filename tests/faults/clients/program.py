"""Common part of the client programs: arguments, connection, history and end."""

from __future__ import annotations

import argparse
import faulthandler
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ska_sdp_config import Config
from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from tests.faults.history import HistoryWriter, Operation
from tests.support.recorded import Body
from tests.support.serializability import Record

__all__ = ["Client", "Stop", "connected", "parser"]


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
        self.requested = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.requested.set())

    def steps(self) -> Iterator[int]:
        """Yield the number of each operation until the client has to end."""
        number = 0
        while not self.requested.is_set() and (number < self._count or not self._count):
            yield number
            number += 1
            self.requested.wait(self._chance.uniform(0, self._pause))


@dataclass
class Client:
    """A client in a process of its own.

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
    """Return a parser of the arguments that all clients have.

    SIGABRT then prints where each thread is: it ends a client that does not end by itself.
    """
    faulthandler.enable()
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--seed", type=int, required=True, help="random seed")
    arguments.add_argument("--history", type=Path, required=True, help="file to write")
    arguments.add_argument("--name", help="name of the client; by default that of the file")
    arguments.add_argument("--count", type=int, default=0, help="number of operations")
    arguments.add_argument("--pause", type=float, default=0.02, help="longest pause in seconds")
    return arguments


def connected(options: argparse.Namespace) -> Client:
    """Return the client of the arguments; it connects by the environment, as Config does."""
    name = options.name or options.history.name.partition(".")[0]
    chance = random.Random(f"{options.seed} {name}")
    return Client(
        name,
        # The command is the identity of an owner.
        Config(owner={"pid": 0, "hostname": "faults", "command": [name]}),
        HistoryWriter(options.history, name),
        chance,
        Stop(options.pause, options.count, chance),
    )
