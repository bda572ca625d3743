"""Command line in new processes, against plain Python that does the same work."""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ska_sdp_config import Config

from .by_hand import ByHand
from .listing import BLOCKS, fill_with_blocks
from .measure import Row

__all__ = ["rows"]

ROUNDS = 15

HELP = [str(Path(sys.executable).with_name("ska-sdp")), "-h"]
CLICK = [sys.executable, "-c", "import click"]

LIST = [HELP[0], "list", "pb", "-o", "name"]
TABLE = [HELP[0], "list", "pb"]

# A paged read of the keys, with only the necessary imports.
READ_KEYS = """
import sys
import grpc
from pyetcd import etcdrpc

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_receive_message_length", -1)])
kv = etcdrpc.KVStub(channel)
begin, end, revision = b"2/pb/", b"2/pb0", 0
while True:
    page = kv.Range(
        etcdrpc.RangeRequest(
            key=begin, range_end=end, limit=2000, keys_only=True, revision=revision
        )
    )
    sys.stdout.writelines(f"{kv.key.decode()[1:]}\\n" for kv in page.kvs)
    if not page.more:
        break
    revision = revision or page.header.revision
    begin = page.kvs[-1].key + b"\\0"
"""


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on the command line."""
    (endpoint,) = config.backend.address.split(",")
    where = {**os.environ, "SDP_CONFIG_HOST": endpoint}
    yield _compare(
        "ska-sdp -h, of a bare import of click",
        lambda: _seconds(HELP, where),
        lambda: _seconds(CLICK, where),
        2.0,
    )
    fill_with_blocks(config)
    yield _compare(
        f"ska-sdp list pb -o name, {BLOCKS:,} blocks",
        lambda: _seconds(LIST, where),
        lambda: _seconds([sys.executable, "-c", READ_KEYS, endpoint], where),
        1.5,
    )
    yield _compare(
        f"first row of a table of {BLOCKS:,} blocks, of one second",
        lambda: _seconds_to_first_row(where),
        lambda: 1.0,
        1.0,
    )
    config.backend.delete("/pb", must_exist=False, recursive=True)


def _compare(
    work: str, ours: Callable[[], float], floor: Callable[[], float], bound: float
) -> Row:
    """Compare two measurements taken alternately."""
    pairs = [(ours(), floor()) for _ in range(ROUNDS + 1)][1:]
    ratios = [a / b for a, b in pairs]
    return Row(
        work,
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        bound,
    )


def _seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the run time of a process in seconds."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began


def _seconds_to_first_row(environment: Mapping[str, str]) -> float:
    """Return the seconds from the start of a process to its first row on a terminal."""
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    with subprocess.Popen(TABLE, env=environment, stdout=theirs) as process:
        os.close(theirs)
        seen, seconds = b"", 0.0
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:  # EIO: the process has closed the terminal
                break
            seen = (seen + some) if not seconds else seen
            if not seconds and b"/pb/pb-" in seen:
                seconds = time.perf_counter() - began
        os.close(ours)
    if process.returncode or not seconds:
        raise AssertionError(f"{' '.join(TABLE)} failed with code {process.returncode}")
    return seconds
