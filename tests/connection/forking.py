"""Program that uses the database and is forked meanwhile; run by test_fork.

``python -m tests.connection.forking ENDPOINT CASE`` writes ``fine``, or fails with an error.
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

MAX_CHILD_S = 60
"""Seconds after which a child counts as hanging and is killed by its alarm."""


def limit() -> None:
    """End this process with a traceback if it hangs."""
    faulthandler.dump_traceback_later(MAX_CHILD_S - 1)
    signal.alarm(MAX_CHILD_S)


def wait_for(child: int) -> None:
    """Wait for a child and check its exit code."""
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"the child ended with {os.waitstatus_to_exitcode(status)}")


def in_child(work: Callable[[], None]) -> None:
    """Fork, run work in the child, and check its exit code."""
    child = os.fork()
    if child == 0:
        limit()
        work()
        # Not os._exit: the end of the interpreter must not hang either.
        sys.exit(0)
    wait_for(child)


def rejects(call: Callable[[], object], words: str) -> None:
    """Check that a call raises an error soon, with its reason."""
    took = 0.0
    # A busy machine may delay it once.
    for _ in range(3):
        began = time.monotonic()
        try:
            call()
        except ConfigConnectionError as exc:
            if words not in str(exc):
                raise
        else:
            raise SystemExit(f"{call} was not rejected")
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


def rejects_every_call(config: Config) -> None:
    """Check that a Config of the parent is not usable in the child."""
    calls: tuple[Callable[[], object], ...] = (
        lambda: read(config),
        lambda: write(config, "of the child"),
        lambda: watch(config),
        lambda: config.client_lease,
        lambda: config.lease(5),
        config.set_alive,
        config.is_alive,
    )
    for call in calls:
        rejects(call, "before its process was forked")


class Follower:
    """Watcher on its own thread."""

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
    """The parent reads, writes, watches and has leases; the child tries every call."""
    with Config(host=endpoint, component_name="forking") as config:
        states: list[str] = []
        config.on_connection_state(states.append)
        write(config, "1")
        follower = Follower(config)
        follower.sees("1")
        lease = config.client_lease
        changes = config.backend.watch("/a")

        def child() -> None:
            rejects_every_call(config)
            if list(changes):
                raise SystemExit("the child has the parent's watch")
            changes.close()
            rejects(lambda: read(Config(host=endpoint)), "'spawn'")
            config.revoke_lease()
            lease.revoke()
            if config.connection_state != "connected" or not config.lease_is_lost:
                raise SystemExit("the child has state of the parent")
            config.close()
            gc.collect()

        for number in range(2, 5):
            in_child(child)
            write(config, str(number))
            follower.sees(str(number))
        follower.stop()
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
        wait_for(child)
        if not lease.alive() or not config.is_alive():
            raise SystemExit("the child ended the parent's lease")


def in_a_body(endpoint: str) -> None:
    """The child is created within the parent's loop; the loop raises an error there."""
    with Config(host=endpoint) as config:
        write(config, "1")
        follower = Follower(config)
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
        wait_for(child)
        write(config, "2")
        follower.sees("2")
        follower.stop()


def not_in_use(endpoint: str) -> None:
    """A Config that was not used before the fork works in the child and in the parent."""
    with Config(host=endpoint) as config:
        in_child(lambda: write(config, "of the child"))
        if read(config) != "of the child":
            raise SystemExit("the child wrote nothing")


def child_of_multiprocessing(endpoint: str, config: Config) -> None:
    limit()
    rejects(lambda: read(config), "forked")


def multiprocessed(endpoint: str) -> None:
    """Processes of multiprocessing, by ``fork`` and by ``spawn``, which the error recommends."""
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
    """The database belongs to the process: that of the child is empty at first."""
    with Config(backend="memory", component_name="forking") as config:
        write(config, "1")
        follower = Follower(config)
        follower.sees("1")
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
            rejects_every_call(config)
            config.close()
            with Config(backend="memory", component_name="forking") as own:
                if read(own) is not None or not own.is_alive():
                    raise SystemExit("the child has state of the parent")
                write(own, "of the child")
                child_follower = Follower(own)
                child_follower.sees("of the child")
                child_follower.stop()

        try:
            in_child(child)
        finally:
            over.set()
            thread.join()
            follower.stop()
        write(config, "2")
        if not config.is_alive():
            raise SystemExit("the child ended the parent's lease")


def in_memory_not_in_use(_: str) -> None:
    """A Config that was not used before the fork uses the child's own database there."""
    with Config(backend="memory") as config:
        in_child(lambda: write(config, "of the child"))
        if read(config) is not None:
            raise SystemExit("the child wrote to the parent's database")


def under_load(endpoint: str) -> None:
    """Forks at random moments: locks are held, calls are in progress, loops turn."""
    with Config(host=endpoint) as config:
        write(config, "0")
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                write(config, "x")

        followers = [Follower(config) for _ in range(3)]
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()

        def child() -> None:
            rejects(lambda: read(config), "forked")
            rejects(lambda: config.client_lease, "forked")
            rejects(lambda: watch(config), "forked")
            config.close()

        for _ in range(12):
            in_child(child)
        over.set()
        for thread in threads:
            thread.join()
        write(config, "last")
        for follower in followers:
            follower.sees("last")
            follower.stop()


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
    # This is the case under test.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    CASES[sys.argv[2]](sys.argv[1])
    sys.stdout.write("fine\n")
