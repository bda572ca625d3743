"""Samples on the pages of the documentation run and print the output on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ska_sdp_config import Config
from tests.docs.conftest import Environment, environment
from tests.docs.page import ROOT, Block, blocks_of, matches, pages
from tests.docs.repl import Repl
from tests.docs.terminal import Terminal

ALONE = (
    "docs/how-to/taranta.md",
    "docs/how-to/test-scripts.md",
)
"""Pages that need no server."""

ARCHIVING = ("docs/operations/archiving.md",)
"""Page that needs no server, and starts many processes."""

QUICK = ("docs/how-to/script.md", "docs/explanation/transactions.md")
"""Pages that need an etcd and little time."""

ON_ETCD = ("docs/how-to/command-line.md", "docs/how-to/prune.md")
"""Pages that need an etcd, and start many processes."""

LONG = (
    "docs/tutorial/first-observation.md",
    "docs/tutorial/own-script.md",
    "docs/how-to/stack.md",
    "docs/how-to/secure-etcd.md",
    "docs/how-to/traces.md",
)
"""Pages that start servers themselves."""

ON_A_STACK = (
    "docs/how-to/fault.md",
    "docs/how-to/subarrays.md",
    "docs/how-to/tmc.md",
    "docs/operations/alarms.md",
    "docs/operations/health.md",
    "README.md",
)
"""Pages that require a running stack."""


class Reader:
    """Execution of the blocks of a page."""

    def __init__(self, directory: Path, variables: Environment) -> None:
        self._directory = directory
        self._variables = variables
        self._undo = ExitStack()
        self._terminals: dict[str, Terminal] = {}
        self._repl: Repl | None = None
        self._printed = ""

    def do(self, block: Block, page: str) -> None:
        """Execute one block."""
        if block.kind == "file":
            (self._directory / block.caption).write_text(block.text)
        elif block.kind == "console":
            self._terminal(block.caption).session(block.text)
        elif block.kind == "python":
            self._printed = self._python().run(block.text, f"{page}:{block.line}")
        else:
            shown = f"printed:\n{self._printed}\n-- but the page shows\n{block.text}"
            assert matches(block.text, self._printed), shown

    def close(self) -> None:
        """End all programs, the newest first."""
        self._undo.close()

    def _terminal(self, name: str) -> Terminal:
        if name not in self._terminals:
            terminal = Terminal(self._directory, self._variables)
            self._undo.callback(terminal.close)
            self._terminals[name] = terminal
        return self._terminals[name]

    def _python(self) -> Repl:
        if self._repl is None:
            self._repl = Repl(self._directory, self._variables | self._sourced())
            self._undo.callback(self._repl.close)
        return self._repl

    def _sourced(self) -> Environment:
        """Return the variables of the stack that the page has started, if any."""
        file = self._directory / ".stack-env"
        if not file.exists():
            return {}
        words = file.read_text().removeprefix("export ").split()
        return dict(word.split("=", 1) for word in words)


@pytest.fixture
def read(clone: Path) -> Iterator[Callable[[str, Environment], None]]:
    with ExitStack() as undo:

        def read(page: str, variables: Environment) -> None:
            reader = Reader(clone, variables)
            undo.callback(reader.close)
            for block in blocks_of(ROOT / page):
                reader.do(block, page)

        yield read


@pytest.mark.parametrize(
    "page", [*ALONE, *(pytest.param(page, marks=pytest.mark.long) for page in ARCHIVING)]
)
def test_page_without_servers(page: str, read: Callable[..., None]) -> None:
    read(page, environment())


@pytest.mark.parametrize(
    "page", [*QUICK, *(pytest.param(page, marks=pytest.mark.long) for page in ON_ETCD)]
)
def test_page_on_etcd(page: str, read: Callable[..., None], on_etcd: Environment) -> None:
    read(page, on_etcd)


@pytest.mark.long
@pytest.mark.parametrize("page", ON_A_STACK)
def test_page_on_a_stack(
    page: str, read: Callable[..., None], stack: Callable[..., Environment]
) -> None:
    variables = stack()
    with Config(host=variables["SDP_CONFIG_HOST"], port=variables["SDP_CONFIG_PORT"]) as config:
        for txn in config.txn():
            # One page waits for a finished execution block.
            txn.create_execution_block("eb-any-20260131-00000", {"status": "FINISHED"})
    read(page, variables)


@pytest.mark.long
@pytest.mark.parametrize("page", LONG)
def test_page_with_its_own_servers(page: str, read: Callable[..., None]) -> None:
    read(page, environment())


def test_every_page_with_samples_is_run() -> None:
    runnable = {str(page.relative_to(ROOT)) for page in pages() if blocks_of(page)}
    assert runnable == {*ALONE, *ARCHIVING, *QUICK, *ON_ETCD, *LONG, *ON_A_STACK}
