"""Comparison of what event clients have received, with clients that are programs of the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.event_clients import EventClient, compare
from tests.e2e.lost_channel import CHANNEL_LOST
from tests.support.in_time import TooLate
from tests.support.waiting import wait_until

READY = ["ready", "10.0"]
RECEIVED, MISSED, LOST = ["scanID", 1], ["scanID", 2], ["error", CHANNEL_LOST]
EXPECTED = {"scanID": [1]}

StartClient = Callable[..., EventClient]


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[StartClient]:
    """Factory of clients that have received some events."""
    with ExitStack() as clients:

        def start(*events: list[object]) -> EventClient:
            program = tmp_path / "client"
            lines = "\n".join(json.dumps(each) for each in [*events, READY])
            program.write_text(f"#!/bin/sh\necho '{lines}'\nexec cat\n")
            program.chmod(0o755)
            client = clients.enter_context(EventClient(str(program), "change", "a/b/c"))
            wait_until(lambda: client.version, 30)
            return client

        yield start


def test_clients_that_received_all_have_no_fault(start_client: StartClient) -> None:
    assert compare([start_client(RECEIVED), start_client(RECEIVED)], EXPECTED) == []


def test_lost_channel_hides_no_fault_of_another_client(start_client: StartClient) -> None:
    lost, faulty = start_client(LOST), start_client(MISSED)
    (fault,) = compare([lost, faulty], EXPECTED)
    assert "scanID 1 events of 1; from the 1th on [2], not [1]" in fault


def test_lost_channel_alone_is_too_late(start_client: StartClient) -> None:
    with pytest.raises(TooLate, match="can be missing"):
        compare([start_client(LOST), start_client(RECEIVED)], EXPECTED)


def test_other_error_of_a_lost_client_is_a_fault(start_client: StartClient) -> None:
    (fault,) = compare([start_client(LOST, ["error", "API_Other"])], EXPECTED)
    assert "API_Other" in fault
