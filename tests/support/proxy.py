"""A TCP proxy that breaks connections in every way that a network does."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

CHUNK = 65536


class Direction:
    """One way of a connection.

    Attributes:
        flows: set while it lets things through.
        held: when it was stopped, on the loop's clock.
        until: what came later than this is lost, and so is the end of the connection.
        discards: whether it loses everything.
    """

    def __init__(self) -> None:
        self.flows = asyncio.Event()
        self.flows.set()
        self.held = 0.0
        self.until = math.inf
        self.discards = False

    def hold(self) -> None:
        self.flows.clear()
        self.held = asyncio.get_running_loop().time()


class Joint:
    """One connection through the proxy."""

    def __init__(self) -> None:
        self.up = Direction()
        self.down = Direction()
        self.writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Passes connections on to a server, on one thread of its own, until it is left.

    Args:
        target: host and port of the server.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.port = 0
        self._joints: list[Joint] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self._silent = False
        self._refuses = False
        self._rate: float | None = None
        self.accepted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many there are now."""
        return self._on_loop(lambda: len(self._joints))

    def cut(self) -> int:
        """Break all connections; give their number. New ones are let through."""

        def cut() -> int:
            for joint in self._joints:
                joint.cut()
            return len(self._joints)

        return self._on_loop(cut)

    def silence(self) -> None:
        """Let nothing through any more, on connections of now or to come, nor break them."""

        def silence() -> None:
            self._silent = True
            for joint in self._joints:
                joint.up.hold()
                joint.down.hold()

        self._on_loop(silence)

    def hold(self, *, up: bool = False, down: bool = False) -> None:
        """Keep back what is sent on connections of now; new ones are let through."""

        def hold() -> None:
            for joint in self._joints:
                if up:
                    joint.up.hold()
                if down:
                    joint.down.hold()

        self._on_loop(hold)

    def discard(self, *, up: bool = False, down: bool = False) -> None:
        """Lose what is sent on connections of now, from here on."""

        def discard() -> None:
            for joint in self._joints:
                joint.up.discards |= up
                joint.down.discards |= down

        self._on_loop(discard)

    def release(self) -> None:
        """Let everything through again, what was kept back first."""

        def release() -> None:
            self._silent = False
            for joint in self._joints:
                joint.up.flows.set()
                joint.down.flows.set()

        self._on_loop(release)

    def deliver(self, seconds: float) -> None:
        """Let through what was sent in the first seconds after ``hold``, and nothing later."""

        def deliver() -> None:
            for joint in self._joints:
                if not joint.up.flows.is_set():
                    joint.up.until = joint.up.held + seconds
                    joint.up.flows.set()

        self._on_loop(deliver)

    def refuse(self, refuses: bool) -> None:
        """Take no new connections, or take them again."""
        self._on_loop(lambda: setattr(self, "_refuses", refuses))

    def limit(self, rate: float | None) -> None:
        """Let so many bytes a second of answers through, on each connection; None for all."""
        self._on_loop(lambda: setattr(self, "_rate", rate))

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            # Also of connections that are only now being accepted, and would be left open.
            for task in self._pumps:
                task.cancel()
            await asyncio.wait(others, timeout=0.05)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        joint = Joint()
        joint.writers.append(writer)
        self._joints.append(joint)
        if self._silent:
            joint.up.hold()
            joint.down.hold()
        try:
            if self._refuses:
                return
            await joint.up.flows.wait()
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            joint.writers.append(far_writer)
            await _all_or_none(
                *self._pump(joint, joint.up, reader, far_writer),
                *self._pump(joint, joint.down, far_reader, writer),
            )
        except (OSError, asyncio.CancelledError):
            # Broken, or this proxy stops; asyncio's streams take a cancelled task for an error.
            pass
        finally:
            joint.cut()
            self._joints.remove(joint)
            self._pumps.discard(task)

    def _pump(
        self,
        joint: Joint,
        way: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> list[Coroutine[Any, Any, None]]:
        """What passes on what comes one way. It is read while it is held: to know when it came."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            while True:
                data = await reader.read(CHUNK)
                await waiting.put((self._loop.time(), data))
                if not data:
                    return
                while waiting.qsize() > 4 and way.flows.is_set():
                    await asyncio.sleep(0.001)

        async def write() -> None:
            while True:
                came, data = await waiting.get()
                await way.flows.wait()
                if came > way.until or way.discards:
                    continue
                if not data or (way is joint.up and not self.lets_through(joint, data)):
                    raise ConnectionResetError("This end of the connection is over.")
                if self._rate and way is joint.down:
                    await asyncio.sleep(len(data) / self._rate)
                writer.write(data)
                await writer.drain()

        return [read(), write()]

    def lets_through(self, joint: Joint, data: bytes) -> bool:
        """Whether to pass on what a client sends; if not, its connection is broken."""
        return True

    def _on_loop(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self._run(call())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)


async def _all_or_none(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them until one of them fails, or this is cancelled, which ends the others too."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
