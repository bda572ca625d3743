"""Transactions in progress, the results of their calls, and runs of state machines."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from ska_sdp_config.backend import ConfigCollision, ConfigVanished
from ska_sdp_config.engine.transaction import Txn

from .databases import DatabaseUnderTest
from .reference import Attempt, Exists, Missing

__all__ = ["Loop", "Running", "outcome", "run_machine"]

Loop = Generator[Txn, None, None]


@dataclass
class Running:
    """Loop over transactions in progress, with its current attempt."""

    loop: Loop
    txn: Txn
    attempt: Attempt
    retries: int = 0
    # Whether it was retried for an expired lease, which happens once.
    ran_for_lease: bool = False
    # Values that a doomed attempt has read, and reads again.
    repeats: dict[str, str | None] = field(default_factory=dict)


def outcome(call: Callable[[], object]) -> tuple[str, object]:
    """Return the result of a call, or its error."""
    try:
        return "returned", call()
    except (ConfigCollision, ConfigVanished) as exc:
        return type(exc).__name__, exc.path
    except Exists as exc:
        return "ConfigCollision", exc.args[0]
    except Missing as exc:
        return "ConfigVanished", exc.args[0]


def run_machine(
    machine: Callable[[DatabaseUnderTest], RuleBasedStateMachine],
    database: DatabaseUnderTest,
    examples: int,
    steps: int = 50,
) -> None:
    """Run a state machine with random sequences of rules."""
    run_state_machine_as_test(
        cast(Any, partial(machine, database)),
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )
