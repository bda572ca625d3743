"""Faults of the parts of the stack, of clients, and of the clock of all of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.clock import SEEN_WITHIN_S, Clock
from tests.faults.faults.fault import Fault, FaultNotPossibleError
from tests.faults.faults.names import (
    CLIENT_KILLED,
    CLIENT_PAUSED,
    CLOCK_STEPPED,
    DEVICE_SERVER,
    KILLED,
    SIMULATOR,
    SUSPENDED,
    TANGO_DATABASE,
)
from tests.faults.population import Clients
from tests.faults.stack import Stack

__all__ = [
    "MAX_STEP_S",
    "PAUSED_S",
    "ClientKilled",
    "ClientPaused",
    "ClockStepped",
    "PartFault",
    "client_faults",
    "part_faults",
]

KILLED_S = (0.3, 3.0)
SUSPENDED_S = (0.5, 4.0)

STEPPED_S = (SEEN_WITHIN_S, 2 * SEEN_WITHIN_S)
"""Duration of a step of the clock, which each process sees before its end."""

PAUSED_S = (6.5, 9.0)
"""Duration of the pause of a client: longer than its lease of 5 s, and the time to expire it."""

MAX_STEP_S = 3600.0
"""Largest step of a clock, in seconds."""


@dataclass
class PartFault:
    """Fault of one of several parts, chosen at each ``begin``.

    Attributes:
        names: the parts.
        chance: source of the choice.
        strike: method of the stack that brings the fault into effect.
        heal: method of the stack that ends it.
    """

    name: str
    lasts_s: tuple[float, float]
    stack: Stack
    names: Sequence[str]
    chance: random.Random
    strike: Callable[[Stack, str], None]
    heal: Callable[[Stack, str], None]
    _chosen: str = field(default="", init=False)

    def begin(self) -> Mapping[str, Any]:
        """Choose a part that has no fault, and bring the fault into effect.

        Return its name as ``part``, and as ``subarrays`` the IDs of the subarrays that it runs, if
        it runs devices.
        """
        chosen = self.chance.choice(self.names)
        if not self.stack.claim(chosen):
            raise FaultNotPossibleError(f"{chosen} has a fault already")
        if not self.stack.parts[chosen].running:
            # It has ended by itself, and is started again soon.
            self.stack.free(chosen)
            raise FaultNotPossibleError(f"{chosen} does not run")
        self._chosen = chosen
        try:
            self.strike(self.stack, chosen)
        except (ProcessLookupError, ChildProcessError) as error:
            self.stack.free(chosen)
            raise FaultNotPossibleError(f"{chosen} has just ended") from error
        found = self.stack.subarrays.get(chosen)
        return {"part": chosen} | ({} if found is None else {"subarrays": found})

    def end(self) -> None:
        """End the fault of the part."""
        self.heal(self.stack, self._chosen)
        self.stack.free(self._chosen)


def part_faults(stack: Stack, chance: random.Random) -> list[Fault]:
    """Return the faults of all parts: each kind of part is killed, and suspended."""
    kinds = {
        TANGO_DATABASE: [TANGO_DATABASE],
        SIMULATOR: [SIMULATOR],
        DEVICE_SERVER: [name for name in stack.parts if name not in (TANGO_DATABASE, SIMULATOR)],
    }
    faults: list[Fault] = []
    for kind, names in kinds.items():
        faults += [
            PartFault(f"{kind} {KILLED}", KILLED_S, stack, names, chance, Stack.kill, Stack.start),
            PartFault(
                f"{kind} {SUSPENDED}", SUSPENDED_S, stack, names, chance, Stack.pause, Stack.resume
            ),
        ]
    return faults


@dataclass
class _ClientFault:
    """Fault of a client, chosen at each ``begin``.

    Attributes:
        clients: the clients of the run.
        programs: programs of the clients.
        chance: source of the choice.
    """

    clients: Clients
    programs: Sequence[str]
    chance: random.Random
    _chosen: str = field(default="", init=False)

    def _choose(self) -> str:
        """Claim a client, and return its name.

        Raises:
            FaultNotPossibleError: there is none without a fault.
        """
        found = self.clients.claim(self.programs, self.chance)
        if found is None:
            raise FaultNotPossibleError(
                f"no client of {', '.join(self.programs)} is without a fault"
            )
        self._chosen = found
        return found


@dataclass
class ClientPaused(_ClientFault):
    """A client suspended for longer than its lease, so that others take what it owned."""

    name: str = CLIENT_PAUSED
    lasts_s: tuple[float, float] = PAUSED_S

    def begin(self) -> None:
        """Suspend a client."""
        self.clients.pause(self._choose())

    def end(self) -> None:
        """Resume it."""
        self.clients.resume(self._chosen)
        self.clients.free(self._chosen)


@dataclass
class ClientKilled(_ClientFault):
    """A client killed with SIGKILL; another one under a new name replaces it."""

    name: str = CLIENT_KILLED
    lasts_s: tuple[float, float] = KILLED_S

    def begin(self) -> None:
        """Kill a client."""
        self.clients.kill(self._choose())

    def end(self) -> None:
        """Start its successor."""
        self.clients.replace(self._chosen)


def client_faults(clients: Clients, programs: Sequence[str], chance: random.Random) -> list[Fault]:
    """Return the faults of the clients of some programs."""
    return [ClientPaused(clients, programs, chance), ClientKilled(clients, programs, chance)]


@dataclass
class ClockStepped:
    """The wall clock of all Python processes set ahead or back.

    Attributes:
        clock: the clock.
        chance: source of the step.
    """

    clock: Clock
    chance: random.Random
    name: str = CLOCK_STEPPED
    lasts_s: tuple[float, float] = STEPPED_S

    def begin(self) -> Mapping[str, float]:
        """Step the clock, and return by how many seconds, as ``ahead_s``."""
        ahead_s = self.chance.uniform(-MAX_STEP_S, MAX_STEP_S)
        self.clock.step(ahead_s)
        return {"ahead_s": ahead_s}

    def end(self) -> None:
        """Step it back."""
        self.clock.step(0)
