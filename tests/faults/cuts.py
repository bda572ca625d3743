"""Cuts of calls before they are sent and after their answer, at chosen places of the source."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, Literal, NamedTuple, NoReturn

import grpc

from ska_sdp_config.drivers.etcd.channel import Channel, WatchCall
from ska_sdp_config.drivers.etcd.errors import CallError
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.engine.backend import Backend
from tests.faults.call_sites import Site, find_sites

__all__ = ["Act", "Cut", "Cuts", "Side", "cut_channels", "kill", "lose_connection"]

Side = Literal["before", "after"]

Act = Callable[[], NoReturn]


def lose_connection() -> NoReturn:
    """Fail as a call whose connection is reset."""
    raise CallError(grpc.StatusCode.UNAVAILABLE, "connection reset by the test")


def kill() -> NoReturn:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL ends the process")


class Cut(NamedTuple):
    """A cut of a call.

    Attributes:
        site: the call.
        side: ``before``: the request is lost; ``after``: the answer is lost.
        skip: number of calls that pass before.
    """

    site: Site
    side: Side
    skip: int = 0


class Cuts:
    """Planned cuts, each made once, by the thread that waits in the call.

    Attributes:
        plan: cuts to come, each with what happens instead of the call's return.
        granted: IDs of all leases that the database granted.
    """

    def __init__(self) -> None:
        self.plan: list[tuple[Cut, Act]] = []
        self.granted: list[int] = []
        self._lock = threading.Lock()

    def reach(self, side: Side, method: str = "") -> None:
        """Make the cut that is due here, if any.

        Args:
            side: the side of the call.
            method: name of the method; empty if a call of any method below the place is cut.
        """
        with self._lock:
            act = self._due(side, method)
        if act is not None:
            act()

    def _due(self, side: Side, method: str) -> Act | None:
        if not self.plan:
            return None
        places = list(_stack())
        for number, (cut, act) in enumerate(self.plan):
            where = find_sites()[cut.site]
            if cut.side != side or method not in ("", cut.site.call.split()[0]):
                continue
            if not any(file == where.file and line in where.lines for file, line in places):
                continue
            if cut.skip:
                self.plan[number] = cut._replace(skip=cut.skip - 1), act
                continue
            del self.plan[number]
            return act
        return None


def _stack() -> Iterator[tuple[str, int]]:
    """Yield the file and the line of each frame of this thread."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back


def cut_channels(backend: Backend, cuts: Cuts) -> None:
    """Cut the calls of a client of etcd, which must not have connected yet.

    All its requests, over either transport, are calls or watches of its channels.
    """
    etcd = vars(backend.store)["_etcd"]
    make = vars(etcd)["_make_channel"]

    def make_channel(endpoint: str) -> Channel:
        channel: Channel = make(endpoint)
        vars(channel)["call"] = partial(_call, cuts, channel.call)
        vars(channel)["watch"] = partial(_watch, cuts, channel.watch)
        return channel

    vars(etcd)["_make_channel"] = make_channel


def _call(
    cuts: Cuts,
    call: Callable[..., Any],
    service: str,
    method: str,
    request: Any,
    timeout: float,
    metadata: Metadata,
) -> Any:
    cuts.reach("before")
    answer = call(service, method, request, timeout, metadata)
    if method == "LeaseGrant":
        cuts.granted.append(answer.ID)
    cuts.reach("after")
    return answer


def _watch(
    cuts: Cuts,
    watch: Callable[..., WatchCall],
    from_revision: int,
    metadata: Metadata,
    *,
    in_parts: bool = False,
) -> WatchCall:
    try:
        cuts.reach("before")
    except CallError as exc:
        # A stream opens without waiting: the failure arrives with its first response.
        return _CutWatch(cuts, None, exc)
    call = watch(from_revision, metadata, in_parts=in_parts)
    try:
        cuts.reach("after")
    except CallError as exc:
        return _CutWatch(cuts, call, exc)
    return _CutWatch(cuts, call)


class _CutWatch:
    """Watch that is cut.

    Args:
        cuts: cuts of its responses.
        call: the watch; None if its request was lost.
        failure: raised instead of the first changes.
    """

    def __init__(
        self, cuts: Cuts, call: WatchCall | None, failure: CallError | None = None
    ) -> None:
        self._cuts = cuts
        self._call = call
        self._failure = failure

    def __iter__(self) -> Iterator[Any]:
        if self._call is None:
            assert self._failure is not None
            raise self._failure
        responses = iter(self._call)
        while True:
            self._cuts.reach("before")
            try:
                response = next(responses)
            except StopIteration:
                return
            if response.events:
                if self._failure is not None:
                    raise self._failure
                self._cuts.reach("after")
            yield response

    def cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
