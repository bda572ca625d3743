"""A program that uses the database and is forked meanwhile; run by test_fork.

``python -m tests.connection.forking ENDPOINT CASE`` writes ``fine``, or ends with an error.
"""

from __future__ import annotations

import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.engine.watcher import Watcher

LONGEST = 60
"""Seconds after which a child is taken to hang, and killed by its alarm."""


def limit() -> None:
    """End this process, and say where it hung, when it takes too long."""
    faulthandler.dump_traceback_later(LONGEST - 1)
    signal.alarm(LONGEST)


def in_child(work: Callable[[], None]) -> None:
    """Fork, let the child work and end as a program does, and wait for its good end."""
    child = os.fork()
    if child == 0:
        limit()
        work()
        # The interpreter ends in good order: nothing may hang there either.
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"the child ended with {os.waitstatus_to_exitcode(status)}")


def refuses(call: Callable[[], object], words: str) -> None:
    """Check that a call ends soon, with an error that says why."""
    took = 0.0
    # A busy machine may keep it waiting once.
    for _ in range(3):
        began = time.monotonic()
        try:
            call()
        except ConfigConnectionError as exc:
            if words not in str(exc):
                raise
        else:
            raise SystemExit(f"{call} was let through")
        took = time.monotonic() - began
        if took < 1:
            return
    raise SystemExit(f"{call} took {took:.1f} s")


def read(config: Config) -> str | None:
    for txn in config.txn():
        value = txn.raw.get("/a")
    return value if isinstance(value, str) else None


def write(config: Config, value: str) -> None:
    for txn in config.txn():
        txn.raw.delete("/a", must_exist=False)
        txn.raw.create("/a", value)


def watch(config: Config) -> None:
    for watcher in config.watcher():
        for txn in watcher.txn():
            txn.raw.get("/a")


class Following:
    """A watcher on a thread of its own."""

    def __init__(self, config: Config) -> None:
        self.seen: str | None = None
        self._watcher: Watcher[object] = config.watcher()
        self._over = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for watcher in self._watcher:
            if self._over:
                break
            for txn in watcher.txn():
                self.seen = txn.raw.get("/a")  # type: ignore[attr-defined]  # a Transaction

    def sees(self, value: str) -> None:
        end = time.monotonic() + 30
        pause = threading.Event()
        while self.seen != value:
            if time.monotonic() > end:
                raise SystemExit(f"the parent's watcher sees {self.seen}, not {value}")
            pause.wait(0.01)

    def stop(self) -> None:
        self._over = True
        self._watcher.trigger()
        self._thread.join()


def in_use(endpoint: str) -> None:
    """The parent reads, writes, watches and has leases; the child tries all that there is."""
    with Config(host=endpoint, component_name="forking") as config:
        states: list[str] = []
        config.on_connection_state(states.append)
        write(config, "1")
        following = Following(config)
        following.sees("1")
        lease = config.client_lease
        changes = config.backend.watch("/a")

        def child() -> None:
            was_forked = "before its process was forked"
            refuses(lambda: read(config), was_forked)
            refuses(lambda: write(config, "of the child"), was_forked)
            refuses(lambda: watch(config), was_forked)
            refuses(lambda: config.client_lease, was_forked)
            refuses(lambda: config.lease(5), was_forked)
            refuses(config.set_alive, was_forked)
            refuses(config.is_alive, was_forked)
            if list(changes):
                raise SystemExit("the child has the parent's watch")
            changes.close()
            refuses(lambda: read(Config(host=endpoint)), "'spawn'")
            config.revoke_lease()
            lease.revoke()
            if config.connection_state != "connected" or not config.lease_is_lost:
                raise SystemExit("the child has what is the parent's")
            config.close()
            gc.collect()

        for number in range(2, 5):
            in_child(child)
            write(config, str(number))
            following.sees(str(number))
        following.stop()
        if not lease.alive() or config.lease_is_lost or not config.is_alive():
            raise SystemExit("the child ended the parent's lease")
        if states:
            raise SystemExit(f"the parent's connection was {states}")


def left_as_a_context(endpoint: str) -> None:
    """The child leaves the parent's ``with``."""
    with Config(host=endpoint, component_name="forking") as config:
        lease = config.client_lease
        child = os.fork()
        if child == 0:
            limit()
            return
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"the child ended with {status}")
        if not lease.alive() or not config.is_alive():
            raise SystemExit("the child ended the parent's lease")


def in_a_body(endpoint: str) -> None:
    """The child finds itself in the parent's loop, and is let out of it."""
    with Config(host=endpoint) as config:
        write(config, "1")
        following = Following(config)
        child = -1
        try:
            for watcher in config.watcher():
                for txn in watcher.txn():
                    txn.raw.get("/a")
                    child = os.fork()
                    if child == 0:
                        limit()
                if child:
                    break
        except ConfigConnectionError as exc:
            if child == 0 and "forked" in str(exc):
                sys.exit(0)
            raise
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"the child ended with {status}")
        write(config, "2")
        following.sees("2")
        following.stop()


def not_in_use(endpoint: str) -> None:
    """A Config that was made, and not used, works in the child as in the parent."""
    with Config(host=endpoint) as config:
        in_child(lambda: write(config, "of the child"))
        if read(config) != "of the child":
            raise SystemExit("the child wrote nothing")


def child_of_multiprocessing(endpoint: str, config: Config) -> None:
    limit()
    refuses(lambda: read(config), "forked")


def multiprocessed(endpoint: str) -> None:
    """As multiprocessing does it, and by its other way, which the error recommends."""
    with Config(host=endpoint) as config:
        write(config, "1")
        fork = multiprocessing.get_context("fork")
        child = fork.Process(target=child_of_multiprocessing, args=(endpoint, config))
        child.start()
        child.join()
        spawn = multiprocessing.get_context("spawn")
        other = spawn.Process(target=not_in_use, args=(endpoint,))
        other.start()
        other.join()
        if child.exitcode != 0 or other.exitcode != 0:
            raise SystemExit(f"the children ended with {child.exitcode} and {other.exitcode}")


def in_memory(_: str) -> None:
    """A database within the process is the process's own: that of the child begins empty."""
    with Config(backend="memory", component_name="forking") as config:
        write(config, "1")
        following = Following(config)
        following.sees("1")
        backend = config.backend
        if not isinstance(backend, MemoryBackend):
            raise SystemExit(f"{backend} is not in memory")
        locked, over = threading.Event(), threading.Event()

        def work() -> None:
            with backend.database.lock:
                locked.set()
                over.wait()

        thread = threading.Thread(target=work)
        thread.start()
        locked.wait()

        def child() -> None:
            was_forked = "before its process was forked"
            refuses(lambda: read(config), was_forked)
            refuses(lambda: write(config, "of the child"), was_forked)
            refuses(lambda: watch(config), was_forked)
            refuses(lambda: config.client_lease, was_forked)
            refuses(config.set_alive, was_forked)
            config.close()
            with Config(backend="memory", component_name="forking") as own:
                if read(own) is not None or not own.is_alive():
                    raise SystemExit("the child has what is the parent's")
                write(own, "of the child")
                child_following = Following(own)
                child_following.sees("of the child")
                child_following.stop()

        try:
            in_child(child)
        finally:
            over.set()
            thread.join()
            following.stop()
        write(config, "2")
        if not config.is_alive():
            raise SystemExit("the child ended the parent's lease")


def in_memory_not_in_use(_: str) -> None:
    """A Config that was made, and not used, works in the child: on the child's own database."""
    with Config(backend="memory") as config:
        in_child(lambda: write(config, "of the child"))
        if read(config) is not None:
            raise SystemExit("the child wrote to the parent's database")


def under_load(endpoint: str) -> None:
    """Forks come whenever they come: with locks held, calls on their way, loops turning."""
    with Config(host=endpoint) as config:
        write(config, "0")
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                write(config, "x")

        followings = [Following(config) for _ in range(3)]
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()

        def child() -> None:
            refuses(lambda: read(config), "forked")
            refuses(lambda: config.client_lease, "forked")
            refuses(lambda: watch(config), "forked")
            config.close()

        for _ in range(12):
            in_child(child)
        over.set()
        for thread in threads:
            thread.join()
        write(config, "last")
        for following in followings:
            following.sees("last")
            following.stop()


CASES = {
    case.__name__: case
    for case in (
        in_use,
        left_as_a_context,
        in_a_body,
        not_in_use,
        multiprocessed,
        in_memory,
        in_memory_not_in_use,
        under_load,
    )
}

if __name__ == "__main__":
    # It is just what is tried here.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    CASES[sys.argv[2]](sys.argv[1])
    sys.stdout.write("fine\n")
