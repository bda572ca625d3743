"""Log lines in the SKA format and as JSON."""

from __future__ import annotations

import _thread
import io
import json
import logging
import re
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_lmc.observability import logs

pytestmark = pytest.mark.usefixtures("_restored_logging")

LOGGER = logging.getLogger("ska_sdp_lmc.test")

LINE = re.compile(
    r"1\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\|(DEBUG|INFO|WARNING|ERROR|CRITICAL)"
    r"\|MainThread\|[^|]+\|[^|]+#\d+\|([^|]*)\|(.*)"
)


class Device:
    def __init__(self, level: int = logging.INFO) -> None:
        self.level = level
        self.logged: list[tuple[int, str]] = []

    def is_enabled_for(self, level: int) -> bool:
        return level >= self.level

    def log(self, level: int, line: str) -> None:
        self.logged.append((level, line))


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_command_line_has_ska_format(log: io.StringIO) -> None:
    device = Device()
    with logs.context("test-sdp/subarray/01", device, "txn-generated"):
        logs.set_transaction_id("txn-x")
        LOGGER.info("Scan %d started", 7)
    LOGGER.warning("afterwards")
    first, second = lines(log)
    found = LINE.fullmatch(first)
    assert found
    assert found.groups() == (
        "INFO",
        "tango-device:test-sdp/subarray/01,transaction-id:txn-x",
        "Scan 7 started",
    )
    assert "|test_command_line_has_ska_format|test_logs.py#" in first
    # Tango's logging has the transaction id, too.
    assert device.logged == [(logging.INFO, first)]
    found = LINE.fullmatch(second)
    assert found
    assert found.group(2) == ""


@given(st.text(), st.text())
def test_record_is_one_line_for_any_message(tag: str, message: str) -> None:
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


def fields(line: str) -> tuple[str, str]:
    _, _, _, thread, function, *_ = line.split("|")
    return thread, function


def from_foreign_thread(call: Callable[[], None]) -> None:
    """Call on a thread that Python did not start, as Tango's are."""
    done = threading.Event()

    def run() -> None:
        call()
        done.set()

    _thread.start_new_thread(run, ())
    assert done.wait(30)


def test_tango_thread_has_plain_name(log: io.StringIO) -> None:
    from_foreign_thread(lambda: LOGGER.info("by Tango"))
    named = threading.Thread(target=lambda: LOGGER.info("by us"), name="watch-a/b/c")
    named.start()
    named.join()
    assert [fields(line)[0] for line in lines(log)] == ["tango", "watch-a/b/c"]


@pytest.mark.parametrize("log_format", ["ska", "json"])
def test_function_of_command_is_its_name(log_format: str) -> None:
    stream = io.StringIO()
    logs.set_up("INFO", log_format, stream)

    def transact() -> None:
        LOGGER.info("done")
        logging.getLogger("ska_sdp_config.test").info("in the library")

    with logs.context("d", Device(), "txn-x", command="Scan"):
        transact()
    transact()
    found = [
        json.loads(line)["function"] if log_format == "json" else fields(line)[1]
        for line in lines(stream)
    ]
    assert found == ["Scan", "transact", "transact", "transact"]


def test_json_formatter_has_all_fields() -> None:
    stream = io.StringIO()
    logs.set_up("INFO", "json", stream)
    with logs.context("d", Device(), "txn-x"):
        LOGGER.error("a\nb | c")
    record = json.loads(stream.getvalue())
    assert record["severity"] == "ERROR"
    assert record["tags"] == {"tango-device": "d", "transaction-id": "txn-x"}
    assert record["message"] == "a\nb | c"
    assert record["timestamp"].endswith("Z")


def test_traceback_stays_in_line(log: io.StringIO) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        LOGGER.exception("It went wrong")
    (line,) = lines(log)
    assert "It went wrong\\nTraceback" in line
    assert "ZeroDivisionError: division by zero" in line


def test_level_of_device_can_change_at_runtime(log: io.StringIO) -> None:
    device = Device(logging.ERROR)
    with logs.context("d", device):
        LOGGER.warning("not wanted")
        device.level = logging.DEBUG
        LOGGER.debug("wanted now")
    LOGGER.debug("not wanted outside of a device")
    assert [line.rpartition("|")[2] for line in lines(log)] == ["wanted now"]
    assert device.logged == [(logging.DEBUG, lines(log)[0])]
