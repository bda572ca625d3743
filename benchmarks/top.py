"""``ska-sdp top`` over many blocks, in a terminal of 80x24, beside a bare read of them."""

from __future__ import annotations

import fcntl
import itertools
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ska_sdp_config import Config

from .by_hand import ByHand
from .measure import Row, of_samples
from .proc import processor_time
from .stored_blocks import StoredBlocks

__all__ = ["rows"]

BLOCKS = 10_000
STARTS = 10
CHANGES = 30
BUSY_S = 10.0
CHANGES_PER_SECOND = 10
SETTLE_S = 2.0
TIMEOUT_S = 60.0

START_S = 2.0
CHANGE_S = 0.5
CORES = 0.1
"""Limits, to which the ratios refer."""

READ = """
import sys
from benchmarks.by_hand import ByHand
by_hand = ByHand(*sys.argv[1].split(":"))
for prefix in ("2/pb/", "3/pb/", "2/eb/"):
    by_hand.read_pages(prefix)
"""
"""Program that reads what top reads at its start."""


class Terminal:
    """``ska-sdp top`` in a terminal, with what it has written."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        program = Path(sys.executable).with_name("ska-sdp")
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [program, "top"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm-256color"},
        )
        os.close(theirs)
        self._seen = bytearray()
        self._has_more = threading.Condition()
        threading.Thread(target=self._receive, daemon=True).start()

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, key.encode())

    def wait_for(self, text: str) -> float:
        """Wait for a text that is written after the last one; return the time."""
        with self._has_more:
            if not self._has_more.wait_for(lambda: text.encode() in self._seen, TIMEOUT_S):
                raise AssertionError(f"top did not show {text!r}: {bytes(self._seen[-2000:])!r}")
            del self._seen[: self._seen.index(text.encode()) + len(text)]
            return time.perf_counter()

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _receive(self) -> None:
        while True:
            try:
                some = os.read(self._ours, 65536)
            except OSError:  # the program has ended
                return
            with self._has_more:
                self._seen += some
                self._has_more.notify_all()


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on ``ska-sdp top``."""
    (endpoint,) = config.backend.address.split(",")
    environment = {**os.environ, "SDP_CONFIG_HOST": endpoint}
    blocks = StoredBlocks(by_hand)
    blocks.grow(BLOCKS)
    pairs = [(_start(environment), _read(endpoint)) for _ in range(STARTS + 1)][1:]
    starts, reads = map(list, zip(*pairs, strict=True))
    work = f"start of top over {BLOCKS:,} blocks, of {START_S:g} s"
    yield of_samples(work, starts, [START_S] * STARTS, 1.0)
    work = f"start of top over {BLOCKS:,} blocks, of a bare read of the same documents"
    yield of_samples(work, starts, reads, None)
    terminal = Terminal(environment)
    try:
        terminal.wait_for(f"{BLOCKS + 1}")
        terminal.press("p")
        terminal.wait_for("RUNNING")
        time.sleep(SETTLE_S)
        numbers = itertools.count()
        changes = [_change(terminal, blocks, next(numbers)) for _ in range(CHANGES)]
        work = f"a change on the screen of top, of {CHANGE_S:g} s"
        yield of_samples(work, changes, [CHANGE_S] * CHANGES, 1.0)
        seconds = [_busy(terminal, blocks, numbers) for _ in range(3)]
        work = f"processor time of top at {CHANGES_PER_SECOND} changes/s, of {CORES:g} cores"
        yield of_samples(work, seconds, [CORES] * 3, 1.0)
    finally:
        terminal.close()
        for path in ("/pb", "/eb"):
            config.backend.delete(path, must_exist=False, recursive=True)


def _start(environment: Mapping[str, str]) -> float:
    """Return the seconds from the start to the numbers of all blocks on the screen."""
    terminal = Terminal(environment)
    try:
        return terminal.wait_for(f"{BLOCKS + 1}") - terminal.began
    finally:
        terminal.close()


def _read(endpoint: str) -> float:
    """Return the seconds in which a process reads the documents once, from its start."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", READ, endpoint], check=True)
    return time.perf_counter() - began


def _change(terminal: Terminal, blocks: StoredBlocks, number: int) -> float:
    """Return the seconds from a change to its text on the screen."""
    time.sleep(0.1 + number % 10 / 50)  # at another moment between two updates of the screen
    began = time.perf_counter()
    blocks.change_state(f"reason {number:05}")
    return terminal.wait_for(f"reason {number:05}") - began


def _busy(terminal: Terminal, blocks: StoredBlocks, numbers: Iterator[int]) -> float:
    """Return the processor time in a second with changes, in seconds."""
    began, used = time.monotonic(), processor_time(terminal.process.pid)
    for count in range(round(BUSY_S * CHANGES_PER_SECOND)):
        time.sleep(max(0.0, began + count / CHANGES_PER_SECOND - time.monotonic()))
        blocks.change_state(f"reason {next(numbers):05}")
    return (processor_time(terminal.process.pid) - used) / (time.monotonic() - began)
