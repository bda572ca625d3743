"""Faults of the parts of the stack."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.faults.fault import FaultNotPossibleError
from tests.faults.faults.parts import PartFault, part_faults
from tests.faults.stack import Stack

KINDS = [
    f"{part} {fault}"
    for part in ("Tango database", "simulator", "device server")
    for fault in ("killed", "suspended")
]


@pytest.fixture
def faults(stack: Stack) -> dict[str, Any]:
    return {fault.name: fault for fault in part_faults(stack, random.Random(1))}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_stack_recovers_from_each_fault(
    stack: Stack, faults: dict[str, PartFault], kind: str
) -> None:
    fault = faults[kind]
    before = {name: part.process for name, part in stack.parts.items()}
    details = fault.begin()
    fault.end()
    stack.wait_ready()
    assert details["part"] in fault.names
    assert details.get("subarrays") == stack.subarrays.get(details["part"])
    replaced = [name for name, part in stack.parts.items() if part.process is not before[name]]
    assert len(replaced) == kind.endswith("killed")
    assert set(replaced) <= {details["part"]}


@pytest.mark.long
def test_each_kind_of_part_is_killed_and_suspended(faults: dict[str, PartFault]) -> None:
    assert list(faults) == KINDS
    servers = faults["device server killed"].names
    assert set(servers) == {
        "SDPController/0",
        "SDPSubarray/several",
        "SDPSubarray/single",
        "SDPSubarray/twice",
        "second",
    }


@pytest.mark.long
def test_subarrays_of_each_part_are_known(stack: Stack) -> None:
    assert stack.subarrays == {
        "SDPController/0": [],
        "SDPSubarray/several": ["01", "02"],
        "SDPSubarray/single": ["03"],
        "SDPSubarray/twice": ["04"],
        "second": ["04"],
    }


class Ending:
    """Stack with a part that ends by itself when it is to be suspended."""

    def __init__(self) -> None:
        self.parts = {"part": SimpleNamespace(running=True)}
        self.claimed: list[str] = []

    def claim(self, name: str) -> bool:
        self.claimed.append(name)
        return True

    def free(self, name: str) -> None:
        self.claimed.remove(name)


def test_part_that_ends_at_that_moment_has_no_fault() -> None:
    def strike(*_: object) -> None:
        raise ChildProcessError("no child process")

    stack: Any = Ending()
    fault = PartFault("fault", (1, 1), stack, ["part"], random.Random(1), strike, strike)
    with pytest.raises(FaultNotPossibleError, match="part has just ended"):
        fault.begin()
    assert stack.claimed == []


@pytest.mark.long
def test_part_has_one_fault_at_a_time(stack: Stack, faults: dict[str, PartFault]) -> None:
    killed, suspended = faults["simulator killed"], faults["simulator suspended"]
    suspended.begin()
    with pytest.raises(FaultNotPossibleError, match="simulator has a fault already"):
        killed.begin()
    suspended.end()
    killed.begin()
    killed.end()
    with pytest.raises(FaultNotPossibleError, match="simulator does not run"):
        suspended.begin()
    stack.wait_ready()
    suspended.begin()
    suspended.end()
    stack.wait_ready()
