"""Choice of the members of a cluster that a fault concerns, and its begin that is half done."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.faults.faults.cluster import MembersFault, Roles


class Members:
    """Names in place of the members of a cluster, which elects another leader after each look."""

    members = "abc"

    def __init__(self) -> None:
        self._leader = 0

    def leaders(self) -> list[int]:
        self._leader = (self._leader + 1) % len(self.members)
        return [self._leader]


def test_majority_has_two_members_also_during_an_election() -> None:
    cluster: Any = Members()
    roles = Roles(cluster, random.Random(1))
    chosen = [tuple(roles.majority()) for _ in range(100)]
    assert all(len(set(each)) == 2 for each in chosen)
    assert len(set(chosen)) > 2


class Strikes:
    """Fault of all members that can fail to strike one of them, or to choose them."""

    def __init__(self) -> None:
        self.failing = ""
        self.struck: list[str] = []
        self.healed: list[str] = []
        cluster: Any = Members()
        strike: Any = self._strike
        heal: Any = self.healed.append
        self.fault = MembersFault("fault", (1, 1), cluster, self._choose, strike, heal)

    def _choose(self) -> range:
        if self.failing == "choice":
            raise OSError("no choice")
        return range(3)

    def _strike(self, member: str) -> None:
        self.struck.append(member)
        if self.failing == member:
            raise OSError("no strike")


@pytest.mark.parametrize(("failing", "healed"), [("choice", ""), ("a", "a"), ("b", "ab")])
def test_end_after_a_half_done_begin_heals_only_the_struck_members(
    failing: str, healed: str
) -> None:
    strikes = Strikes()
    strikes.fault.begin()
    strikes.fault.end()
    assert strikes.healed == strikes.struck == ["a", "b", "c"]
    strikes.healed.clear()
    strikes.failing = failing
    with pytest.raises(OSError, match="no"):
        strikes.fault.begin()
    strikes.fault.end()
    assert strikes.healed == list(healed)
