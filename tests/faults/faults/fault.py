"""Interface of the faults that the nemesis begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Fault", "FaultNotPossibleError"]


class FaultNotPossibleError(Exception):
    """The fault cannot begin now; it may have had an effect, as on a full database.

    An example is a cluster without a leader when the leader is to be killed.
    """


class Fault(Protocol):
    """A fault of one kind, which is in effect between ``begin`` and ``end``.

    The nemesis calls both on the main thread, where processes have to be started, and never two
    faults at the same time: while one of them waits, the others begin and end late. Most return at
    once; those of the storage wait for the cluster: at most half a minute until they are in
    effect, and two minutes until they have ended. A fault can begin again after its end.

    Faults of other groups may be in effect at each call, and members of the cluster may be down.

    Attributes:
        name: kind of the fault, such as ``leader killed``; unique in a run. It is the detail
            ``fault`` of the recorded operation.
        lasts_s: least and greatest number of seconds between begin and end.
    """

    name: str
    lasts_s: tuple[float, float]

    def begin(self) -> Mapping[str, Any] | None:
        """Bring the fault into effect; return details that are recorded, None without any.

        The detail ``is_in_effect`` is False if nothing has shown the effect: the fault is ended,
        and does not count.

        Raises:
            FaultNotPossibleError: it cannot begin now.
            Exception: any other error ends the run, after ``end``.
        """

    def end(self) -> None:
        """Undo the fault: start, continue or connect again what it has stopped.

        Called once after each ``begin``, unless that has raised FaultNotPossibleError.
        """
