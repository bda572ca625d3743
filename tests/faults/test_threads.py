"""No thread dies unseen: each has a test of an unexpected error, or a reason why it needs none.

A thread in a test also fails the test if it ends by an exception: pytest's warning is an error.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = (
    "src/ska_sdp_config",
    "src/ska_sdp_sim",
    "src/ska_sdp_web",
    "devices/ska_sdp_lmc",
)

CLASSES = ("Thread", "PyTangoThread", "ThreadPoolExecutor", "Timer")
"""Classes whose instances start threads; so may those of a class derived from one."""

STARTS = (*CLASSES, "run_in_executor", "start_new_thread", "start_thread", "to_thread")
"""Names of the calls that start a thread."""

THREADS: dict[str, str] = {
    # The library: logged, and the thread continues or is replaced.
    "src/ska_sdp_config/presence.py Presence.__init__": (
        "tests/library/test_presence.py::test_unexpected_error_does_not_end_thread"
    ),
    "src/ska_sdp_config/engine/lease.py Leases.grant": (
        "tests/backend/test_leases.py::test_unexpected_error_in_a_refresh_does_not_end_the_leases"
    ),
    "src/ska_sdp_config/engine/lease.py Leases._refresh_all": (
        "tests/backend/test_leases.py::test_unexpected_error_in_a_refresh_does_not_end_the_leases"
    ),
    "src/ska_sdp_config/drivers/etcd/watch.py StoreWatch.add": (
        "tests/connection/test_resumption.py::test_internal_error_does_not_end_watches"
    ),
    "src/ska_sdp_config/drivers/etcd/watchdog.py Watchdog.__init__": (
        "tests/connection/test_channels.py::test_internal_error_of_a_watchdog_replaces_the_stream"
    ),
    "src/ska_sdp_config/store/connection.py Connection.listen": (
        "tests/connection/test_states.py::test_error_of_listener_does_not_affect_others"
    ),
    # A display: the error is shown, and the watch begins again.
    "src/ska_sdp_config/live/live.py Live.__init__": (
        "tests/web/test_hub.py::test_failed_watch_is_shown_and_begins_again"
    ),
    "src/ska_sdp_web/hub.py Hub.__init__": (
        "tests/web/test_hub.py::test_error_in_a_change_is_shown_until_it_is_over"
    ),
    "src/ska_sdp_web/commands.py TangoSender.send": (
        "tests/web/test_commands.py"
        "::test_unexpected_error_leaves_the_outcome_unknown_and_the_command_free"
    ),
    # The simulator: it ends with the error.
    "src/ska_sdp_sim/simulator.py Simulator.start": (
        "tests/sim/test_simulator.py::test_error_in_a_loop_ends_the_simulator"
    ),
    # The devices: logged and continued, or shown by the health endpoint.
    "devices/ska_sdp_lmc/runtime/registration.py Registration.start": (
        "tests/devices/test_registration.py::test_checks_continue_after_unexpected_error"
    ),
    "devices/ska_sdp_lmc/runtime/database.py Database.__init__": (
        "tests/devices/test_outages.py"
        "::test_unexpected_error_of_the_access_check_is_logged_and_repeated"
    ),
    "devices/ska_sdp_lmc/runtime/watch_loop.py WatchLoop.__init__": (
        "tests/devices/test_liveness.py::test_dead_watch_loop_is_reported"
    ),
    "devices/ska_sdp_lmc/observability/connections.py _Connections.respond": (
        "tests/devices/test_health_load.py::test_failed_responses_leave_room_for_others"
    ),
}
"""Test of the errors of each thread, by the function that starts it."""

OTHERS: dict[str, str] = {
    "devices/ska_sdp_lmc/observability/connections.py HttpThread.__init__": (
        "asyncio logs errors of callbacks; without the thread, the liveness probe fails"
    ),
    "devices/ska_sdp_lmc/runtime/database.py Database.start_thread": "see its callers",
    "src/ska_sdp_config/cli/interrupts.py end_on_timeout": (
        "threading prints its traceback to the command's stderr"
    ),
    "src/ska_sdp_config/cli/interrupts.py _interrupt_thread": (
        "threading prints its traceback to the command's stderr"
    ),
    "src/ska_sdp_config/drivers/memory.py MemoryStore.grant_lease": "of a database for tests",
    "src/ska_sdp_sim/demo/listener.py Listener.__enter__": "its end is an error of each wait",
}
"""Reason why a thread needs no test."""


def starts() -> Iterator[str]:
    """Yield each function of the packages that starts a thread."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for scope in _scopes(ast.parse(path.read_text()), ()):
                yield f"{path.relative_to(ROOT)} {'.'.join(scope)}"


def _scopes(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        scope = (*scope, node.name)
    if isinstance(node, ast.Call) and _name(node.func) in STARTS:
        yield scope
    if isinstance(node, ast.ClassDef) and any(_name(base) in CLASSES for base in node.bases):
        yield scope
    for child in ast.iter_child_nodes(node):
        yield from _scopes(child, scope)


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


@pytest.mark.parametrize(
    "start",
    [
        "Thread(target=work).start()",
        "threading.Timer(1, work).start()",
        "loop.run_in_executor(None, work)",
        "await asyncio.to_thread(work)",
        "_thread.start_new_thread(work, ())",
        "class Derived(threading.Thread): pass",
    ],
)
def test_new_thread_is_found(start: str) -> None:
    (scope,) = _scopes(ast.parse(f"class New:\n    async def begin(self):\n        {start}\n"), ())
    assert scope[:2] == ("New", "begin")


def test_every_thread_has_a_test_of_its_errors() -> None:
    assert sorted(set(starts())) == sorted([*THREADS, *OTHERS])
    for test in THREADS.values():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), test
