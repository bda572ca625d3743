"""The whole stack, every part a process of its own, and a client that drives a subarray."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.backend.keys import Span
from ska_sdp_config.backend.store import Entry, Query
from ska_sdp_lmc.demo.content import Content, configure, scan, scripts
from ska_sdp_lmc.model.states import ObsState
from ska_sdp_lmc.stack.local import Layout, LocalStack
from tests.waiting import wait_until

SHARED = Path(__file__).parents[3] / "shared" / "spec" / "messages"
"""Real messages, other people's documents: read where they lie, if they do."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A running stack of two subarrays; whatever a test breaks, it mends."""
    with LocalStack(tmp_path_factory.mktemp("stack"), Layout(subarrays=2)) as stack:
        yield stack


@pytest.fixture
def config(stack: LocalStack) -> Iterator[Config]:
    """The stack's configuration database."""
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        for txn in config.txn():
            for definition in scripts():
                key = (definition["kind"], definition["name"], definition["version"])
                if txn.get_script(*key) is None:
                    txn.create_script(*key, {"image": definition["image"]})
        yield config


def everything(config: Config) -> list[Entry]:
    """All that the database holds, byte for byte, with the revisions of the last writes."""
    reply = config.backend.store.read([Query(Span("0", ":"))], timeout=5)
    found = reply.found[0]
    assert found is not None
    return found


def settle(config: Config, quiet: float = 0.5) -> None:
    """Wait until nobody has written for a while: the stand-in ends what a test left behind."""
    seen: list[Entry] = []
    since = time.monotonic()

    def is_quiet() -> bool:
        nonlocal seen, since
        now = everything(config)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > quiet

    wait_until(is_quiet)


class Subarray:
    """A client of one subarray, as the telescope manager is one."""

    def __init__(self, trl: str) -> None:
        self.trl = trl
        self.proxy = tango.DeviceProxy(trl)

    def command(self, name: str, argument: str | None = None) -> None:
        if argument is None:
            self.proxy.command_inout(name)
        else:
            self.proxy.command_inout(name, argument)

    def refusal(self, name: str, argument: str | None = None) -> tango.DevError:
        """Give a command that is refused, and get the first entry of the error."""
        with pytest.raises(tango.DevFailed) as failed:
            self.command(name, argument)
        return failed.value.args[0]

    @property
    def obs_state(self) -> str:
        return ObsState(self.read("obsState")).name

    def read(self, attribute: str) -> Any:
        return self.proxy.read_attribute(attribute).value

    def wait_for(self, obs_state: str, within: float = 15.0) -> None:
        wait_until(
            lambda: self.obs_state == obs_state, within, f"{obs_state}, not {self.obs_state}"
        )

    def assign(self, content: Content | None = None) -> Content:
        content = content or quick()
        self.command("AssignResources", json.dumps(content.message))
        self.wait_for("IDLE")
        return content

    def configure(self, scan_type: str) -> None:
        self.command("Configure", configure(scan_type))
        self.wait_for("READY")

    def start_scan(self, scan_id: int) -> None:
        self.command("Scan", scan(scan_id))
        assert self.obs_state == "SCANNING"


def quick() -> Content:
    """The demonstration's observation, under new ids, without its pauses."""
    content = Content.new()
    for block in content.message["processing_blocks"]:
        block["parameters"] |= {"time-to-resource": 0.05, "time-to-ready": 0.05, "duration": 0.1}
    return content


@pytest.fixture
def subarray(stack: LocalStack, config: Config) -> Iterator[Subarray]:
    """Subarray 01, ON and EMPTY at first; whatever it does is ended after the test."""
    yield from _switched_on(stack, "01")


@pytest.fixture
def another_subarray(stack: LocalStack, config: Config) -> Iterator[Subarray]:
    """Subarray 02, likewise."""
    yield from _switched_on(stack, "02")


def _switched_on(stack: LocalStack, number: str) -> Iterator[Subarray]:
    trl = f"tango://{stack.tango_db.tango_host}/test-sdp/subarray/{number}"
    subarray = Subarray(trl)
    _switch_off(subarray)
    subarray.command("On")
    yield subarray
    _switch_off(subarray)


def _switch_off(subarray: Subarray) -> None:
    wait_until(lambda: answers(subarray), 15)
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")


def answers(subarray: Subarray) -> bool:
    """Whether the subarray can be reached, and has seen its database."""
    try:
        return bool(subarray.proxy.state() != tango.DevState.INIT)
    except tango.DevFailed:
        return False
