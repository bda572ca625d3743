"""Log lines in the SKA format and as JSON (spec 4.9)."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_lmc import logs

pytestmark = pytest.mark.usefixtures("_restored_logging")

LOGGER = logging.getLogger("ska_sdp_lmc.test")

LINE = re.compile(
    r"1\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\|(DEBUG|INFO|WARNING|ERROR|CRITICAL)"
    r"\|MainThread\|[^|]+\|[^|]+#\d+\|([^|]*)\|(.*)"
)


class Device:
    """A device as the log knows it."""

    def __init__(self, level: int = logging.INFO) -> None:
        self.level = level
        self.heard: list[tuple[int, str]] = []

    def wants(self, level: int) -> bool:
        return level >= self.level

    def hear(self, level: int, line: str) -> None:
        self.heard.append((level, line))


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_a_line_of_a_command() -> None:
    stream, device = io.StringIO(), Device()
    logs.set_up("INFO", "ska", stream)
    with logs.context("test-sdp/subarray/01", device, "txn-generated"):
        logs.set_transaction_id("txn-x")
        LOGGER.info("Scan %d started", 7)
    LOGGER.warning("afterwards")
    first, second = lines(stream)
    found = LINE.fullmatch(first)
    assert found
    assert found.groups() == (
        "INFO",
        "tango-device:test-sdp/subarray/01,transaction-id:txn-x",
        "Scan 7 started",
    )
    assert "|test_a_line_of_a_command|test_logs.py#" in first
    # Tango's logging has the transaction id, too.
    assert device.heard == [(logging.INFO, first)]
    found = LINE.fullmatch(second)
    assert found
    assert found.group(2) == ""


@given(st.text(), st.text())
def test_one_record_is_one_line_whatever_comes_from_outside(tag: str, message: str) -> None:
    stream = io.StringIO()
    logs.set_up("INFO", "ska", stream)
    with logs.context("test-sdp/subarray/01", Device(), tag):
        LOGGER.info("%s", message)
    (line,) = stream.getvalue().rstrip("\n").split("\n")
    assert len(line.splitlines()) == 1
    found = LINE.fullmatch(line)
    assert found
    device, _, rest = found.group(2).partition(",transaction-id:")
    assert device == "tango-device:test-sdp/subarray/01"
    assert "," not in rest


def test_json() -> None:
    stream = io.StringIO()
    logs.set_up("INFO", "json", stream)
    with logs.context("d", Device(), "txn-x"):
        LOGGER.error("a\nb | c")
    record = json.loads(stream.getvalue())
    assert record["severity"] == "ERROR"
    assert record["tags"] == {"tango-device": "d", "transaction-id": "txn-x"}
    assert record["message"] == "a\nb | c"
    assert record["timestamp"].endswith("Z")


def test_a_trace_stays_in_its_line() -> None:
    stream = io.StringIO()
    logs.set_up("INFO", "ska", stream)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        LOGGER.exception("It went wrong")
    (line,) = lines(stream)
    assert "It went wrong\\nTraceback" in line
    assert "ZeroDivisionError: division by zero" in line


def test_the_level_of_a_device_can_be_changed_while_it_runs() -> None:
    stream, device = io.StringIO(), Device(logging.ERROR)
    logs.set_up("INFO", "ska", stream)
    with logs.context("d", device):
        LOGGER.warning("not wanted")
        device.level = logging.DEBUG
        LOGGER.debug("wanted now")
    LOGGER.debug("not wanted outside of a device")
    assert [line.rpartition("|")[2] for line in lines(stream)] == ["wanted now"]
    assert device.heard == [(logging.DEBUG, lines(stream)[0])]
