"""Bounds on how long something takes, on a machine that may be busy with something else.

A fault makes it late each time, a busy machine does not. So a test that was late is run again,
with fixtures of its own, and fails when it was late each time. What fails otherwise is not run
again.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from _pytest.runner import runtestprotocol

__all__ = ["TooLate", "in_time", "on_time"]

TRIES = 3


class TooLate(AssertionError):
    """Something did not happen when it should have; on a busy machine that can be."""


def on_time(is_so: bool, what: str) -> None:
    """Check something that is so unless the machine was held up."""
    if not is_so:
        raise TooLate(what)


@contextmanager
def in_time(most: float, least: float = 0.0) -> Iterator[None]:
    """Check that what is done takes less than so many seconds, and not less than so many."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    # Other programs' clocks may be a moment ahead of ours.
    on_time(least - 0.01 <= took < most, f"it took {took:.2f} s, not {least:g} to {most:g} s")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test, again if it was late."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(TRIES)):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        failed = [report for report in reports if report.failed]
        late = [vars(report)["late"] for report in failed if "late" in vars(report)]
        if not left or not late or len(late) < len(failed):
            break
        item.user_properties += [("late", words) for words in late]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that it was late, and how."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, TooLate):
        vars(report)["late"] = str(call.excinfo.value)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were late, and run again: one that often is deserves a look."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                for what, words in report.user_properties:
                    if what == "late":
                        terminalreporter.write_line(f"LATE {report.nodeid} - {words}")
