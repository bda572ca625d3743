"""A transaction in progress, and what comes of what its body calls."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from ska_sdp_config.backend import ConfigCollision, ConfigVanished
from ska_sdp_config.engine.transaction import Txn

from .reference import Attempt, Exists, Missing

__all__ = ["Loop", "Running", "outcome"]

Loop = Generator[Txn, None, None]


@dataclass
class Running:
    """A loop over transactions in progress, with its attempt of now."""

    loop: Loop
    txn: Txn
    attempt: Attempt
    retries: int = 0
    # Whether it ran again because of a lease that had ended; that is done once.
    ran_for_lease: bool = False
    # What a doomed attempt has read, which it goes on to read.
    repeats: dict[str, str | None] = field(default_factory=dict)


def outcome(call: Callable[[], object]) -> tuple[str, object]:
    """Get what a call gives, or how it refuses."""
    try:
        return "gave", call()
    except (ConfigCollision, ConfigVanished) as exc:
        return type(exc).__name__, exc.path
    except Exists as exc:
        return "ConfigCollision", exc.args[0]
    except Missing as exc:
        return "ConfigVanished", exc.args[0]
