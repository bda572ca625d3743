"""Program that forks while it uses the database; run by test_fork.

``python -m tests.connection.forking ENDPOINT CASE`` prints ``fine``, or ends with an error.
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
from ska_sdp_config.store.fork import ForkedProcessError
from tests.support.watch_loops import Loop

CHILD_TIMEOUT_S = 60
"""Seconds after which a child counts as stuck and is killed by its alarm."""


def limit_runtime() -> None:
    """Kill this process, with a traceback, if it takes too long."""
    faulthandler.dump_traceback_later(CHILD_TIMEOUT_S - 1)
    signal.alarm(CHILD_TIMEOUT_S)


def run_in_child(work: Callable[[], None]) -> None:
    """Fork, run a function in the child, which then exits, and check its exit code."""
    child = os.fork()
    if child == 0:
        limit_runtime()
        work()
        # A regular exit of the interpreter must not hang either.
        sys.exit(0)
    wait_for(child)


def wait_for(child: int) -> None:
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def expect_error(
    call: Callable[[], object],
    error: type[Exception] = ForkedProcessError,
    text: str = "create a new Config after a fork",
) -> None:
    """Check that a call raises an error at once."""
    took = 0.0
    # A loaded machine may delay it once.
    for _ in range(3):
        began = time.monotonic()
        try:
            call()
        except error as exc:
            if text not in str(exc):
                raise
        else:
            raise SystemExit(f"{call} raised no error")
        took = time.monotonic() - began
        if took < 1:
            return
    raise SystemExit(f"{call} took {took:.1f} s")


def expect_errors(config: Config) -> None:
    """Check that each public call on the parent's Config raises an error at once."""
    for call in (
        lambda: read(config),
        lambda: write(config, "of the child"),
        lambda: watch(config),
        lambda: config.client_lease,
        lambda: config.lease(5),
        lambda: config.lease_is_lost,
        lambda: config.connection_state,
        lambda: config.on_connection_state(lambda state: None),
        config.revoke_lease,
    ):
        expect_error(call)


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


def follow(config: Config) -> Loop:
    return Loop(config.backend, lambda txn: txn.get("/a"))


def in_use(endpoint: str, backend: str = "etcd3") -> None:
    """The parent reads, writes, watches and has leases; the child tries every public call."""
    with Config(backend, host=endpoint, component_name="forking") as config:
        states: list[str] = []
        config.on_connection_state(states.append)
        write(config, "1")
        following = follow(config)
        following.expect("1")
        lease = config.client_lease
        changes = config.backend.watch("/a")

        def child() -> None:
            expect_errors(config)
            expect_error(config.set_alive)
            expect_error(config.is_alive)
            expect_error(lambda: list(changes))
            expect_error(following.watcher.trigger)
            changes.close()
            lease.revoke()
            config.close()
            gc.collect()
            if backend == "etcd3":
                # gRPC does not work in this process at all.
                expect_error(lambda: read(Config(host=endpoint)), ConfigConnectionError, "'spawn'")
            else:
                with Config(backend, host=endpoint) as own:
                    write(own, "of the child")
                    assert read(own) == "of the child"

        for number in range(2, 5):
            run_in_child(child)
            write(config, str(number))
            following.expect(str(number))
            event = changes.get(30)
            while event and event.value != str(number):
                event = changes.get(30)
            assert event is not None, "the parent's watch has ended"
        following.stop()
        assert lease.alive()
        assert not config.lease_is_lost
        assert config.is_alive()
        assert not states


def in_use_on_the_gateway(endpoint: str) -> None:
    """As in_use, where the child may also use a Config of its own."""
    in_use(endpoint, "etcd3_revolution1")


def left_as_a_context(endpoint: str) -> None:
    """The child leaves the ``with`` blocks of the parent."""
    with Config(host=endpoint, component_name="forking") as config, config.lease(5) as short:
        lease = config.client_lease
        with config.backend.watch("/a"):
            child = os.fork()
            if child == 0:
                limit_runtime()
                return
        wait_for(child)
        assert lease.alive()
        assert short.alive()
        assert config.is_alive()


def in_a_body(endpoint: str) -> None:
    """The child runs in the parent's loops, and each of them ends with the error."""
    with Config(host=endpoint) as config:
        write(config, "1")
        following = follow(config)
        child = -1
        try:
            for watcher in config.watcher():
                for txn in watcher.txn():
                    txn.raw.get("/a")
                    child = os.fork()
                    if child == 0:
                        limit_runtime()
                        expect_error(lambda: txn.raw.get("/b"))  # noqa: B023  # used at once
                if child:
                    break
        except ForkedProcessError:
            if child == 0:
                sys.exit(0)
            raise
        wait_for(child)
        write(config, "2")
        following.expect("2")
        following.stop()


def not_in_use(endpoint: str) -> None:
    """A Config that the parent has not used is the parent's too; the child creates its own."""
    with Config(host=endpoint) as config:

        def child() -> None:
            expect_errors(config)
            with Config(host=endpoint) as own:
                write(own, "of the child")

        run_in_child(child)
        assert read(config) == "of the child"


def run_by_multiprocessing(config: Config) -> None:
    limit_runtime()
    expect_errors(config)


def multiprocessed(endpoint: str) -> None:
    """As multiprocessing forks, and with its method 'spawn', which the error recommends."""
    with Config(host=endpoint) as config:
        write(config, "1")
        fork = multiprocessing.get_context("fork")
        child = fork.Process(target=run_by_multiprocessing, args=(config,))
        child.start()
        child.join()
        spawn = multiprocessing.get_context("spawn")
        other = spawn.Process(target=not_in_use, args=(endpoint,))
        other.start()
        other.join()
        assert (child.exitcode, other.exitcode) == (0, 0)


def in_memory(_: str) -> None:
    """The child has an in-memory database of its own, which begins empty."""
    with Config(backend="memory", component_name="forking") as config:
        write(config, "1")
        following = follow(config)
        following.expect("1")
        backend = config.backend
        assert isinstance(backend, MemoryBackend)
        locked, over = threading.Event(), threading.Event()

        def hold_lock() -> None:
            with backend.database.lock:
                locked.set()
                over.wait()

        thread = threading.Thread(target=hold_lock, daemon=True)
        thread.start()
        locked.wait()

        def child() -> None:
            expect_errors(config)
            config.close()
            with Config(backend="memory", component_name="forking") as own:
                assert read(own) is None, "the child has the parent's database"
                assert own.is_alive()
                write(own, "of the child")
                own_following = follow(own)
                own_following.expect("of the child")
                own_following.stop()

        run_in_child(child)
        over.set()
        thread.join()
        following.stop()
        write(config, "2")
        assert config.is_alive()


def in_memory_by_threads(_: str) -> None:
    """All threads of a child get the same in-memory databases."""

    def child() -> None:
        sys.setswitchinterval(1e-6)
        found = []
        barrier = threading.Barrier(8)

        def connect() -> None:
            barrier.wait()
            found.append((MemoryBackend().database, MemoryBackend(name="a").database))

        threads = [threading.Thread(target=connect) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == 1, "the threads have different databases"

    for _round in range(10):
        run_in_child(child)


def under_load(endpoint: str) -> None:
    """Forks at any time: with locks held, calls in progress and loops running."""
    with Config(host=endpoint) as config:
        write(config, "0")
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                write(config, "x")

        followings = [follow(config) for _ in range(3)]
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()

        def child() -> None:
            expect_errors(config)
            config.close()

        for _ in range(12):
            run_in_child(child)
        over.set()
        for thread in threads:
            thread.join()
        write(config, "last")
        for following in followings:
            following.expect("last")
            following.stop()


CASES = {
    case.__name__: case
    for case in (
        in_use,
        in_use_on_the_gateway,
        left_as_a_context,
        in_a_body,
        not_in_use,
        multiprocessed,
        in_memory,
        in_memory_by_threads,
        under_load,
    )
}

if __name__ == "__main__":
    # This is what the cases test.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    CASES[sys.argv[2]](sys.argv[1])
    sys.stdout.write("fine\n")
