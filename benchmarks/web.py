"""The web page over many blocks: in a browser, with many viewers, beside bare work."""

from __future__ import annotations

import http.client
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.web import WebPage

from .by_hand import ByHand
from .measure import Row, of_samples
from .proc import processor_time
from .raw_watch import RawWatch
from .stored_blocks import StoredBlocks

__all__ = ["rows"]

BLOCKS = 10_000
VIEWERS = 50
OPENINGS = 10
CHANGES = 60
BUSY_S = 10.0
CHANGES_PER_SECOND = 10
SETTLE_S = 2.0
TIMEOUT_S = 60.0

OPEN_S = 1.0
CHANGE_S = 0.3
CORES = 0.1
"""Limits, to which the ratios refer."""

TOPICS = "/events?topic=overview&topic=pbs&topic=subarray/01"
"""Topics of the viewers. Each change is in one of them."""

EB = "eb-bench-20260101-00001"
"""Execution block of the subarray, with the processing block that changes."""

MARK = "bench-marker"
"""Name of a component, which is on the page once the overview is."""

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)

SHOWS = "text => document.body !== null && document.body.textContent.includes(text)"


class Viewer:
    """Stream of a viewer without a browser, which discards the events. A context manager."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(endpoint, timeout=TIMEOUT_S)
        self._connection.request("GET", TOPICS)
        # The connection drops it once a response has begun.
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        self._thread = threading.Thread(target=self._receive)

    def __enter__(self) -> Viewer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(2)
        self._thread.join()
        self._response.close()

    def _receive(self) -> None:
        try:
            while self._socket.recv(1 << 20):
                pass
        except OSError:
            return


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on the web page, none without Chromium."""
    if not Path(CHROMIUM).exists():
        print(f"The web page is not measured: there is no {CHROMIUM}.")
        return
    host, _, port = config.backend.address.partition(":")
    settings = {"SDP_CONFIG_HOST": host, "SDP_CONFIG_PORT": port}
    blocks = StoredBlocks(by_hand)
    blocks.grow(BLOCKS)
    eb = encode({"eb_id": EB, "status": "ACTIVE", "pb_realtime": [blocks.running]})
    by_hand.commit(
        [],
        {
            f"3/component/{MARK}/owner": "{}",
            f"2/eb/{EB}": eb,
            "3/lmc/subarray/01": encode({"state_commanded": "ON", "eb_id": EB}),
        },
    )
    with ExitStack() as undo:
        place = undo.enter_context(tempfile.TemporaryDirectory())
        server = undo.enter_context(WebPage(Path(place), settings))
        playwright = undo.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        undo.callback(browser.close)
        pairs = [_open_both(browser, server) for _ in range(OPENINGS + 1)][1:]
        opened, static = map(list, zip(*pairs, strict=True))
        work = f"the overview opens in a browser over {BLOCKS:,} blocks, of {OPEN_S:g} s"
        yield of_samples(work, opened, [OPEN_S] * OPENINGS, 1.0)
        work = "the overview opens in a browser, of a static page of the same server"
        yield of_samples(work, opened, static, None)
        for _ in range(VIEWERS):
            undo.enter_context(Viewer(server.endpoint))
        numbers = itertools.count()
        page = browser.new_page()
        page.goto(f"{server.url}pbs/{blocks.running}")
        _shown(page, blocks.running)
        time.sleep(SETTLE_S)
        yield from _changes(page, blocks, by_hand, numbers)
        page.close()
        seconds = [_busy(server, blocks, numbers) for _ in range(3)]
        work = (
            f"processor time of the web page with {VIEWERS} viewers at {CHANGES_PER_SECOND} "
            f"changes/s, of {CORES:g} cores"
        )
        yield of_samples(work, seconds, [CORES] * 3, 1.0)
    for path in ("/pb", "/eb", "/component", "/lmc"):
        config.backend.delete(path, must_exist=False, recursive=True)


def _open_both(browser: Browser, server: WebPage) -> tuple[float, float]:
    """Return the seconds until the overview is shown, and until a static page is."""
    return (
        _open(browser, server.url, MARK),
        _open(browser, f"{server.url}static/login.html", "Token"),
    )


def _open(browser: Browser, url: str, text: str) -> float:
    context = browser.new_context()
    try:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url)
        return _shown(page, text) - began
    finally:
        context.close()


def _shown(page: Page, text: str) -> float:
    """Wait until a page shows a text; return the time."""
    page.wait_for_function(SHOWS, arg=text, timeout=TIMEOUT_S * 1e3)
    return time.perf_counter()


def _changes(
    page: Page, blocks: StoredBlocks, by_hand: ByHand, numbers: Iterator[int]
) -> Iterator[Row]:
    """Yield the rows on the time from a change to the screen, of which 95 % are shorter."""
    ours, floor = [], []
    with RawWatch(by_hand, blocks.running_key) as watch:
        for _ in range(CHANGES):
            number = next(numbers)
            # At another moment between two derivations.
            time.sleep(0.1 + number % 10 / 50)
            began = time.perf_counter()
            blocks.change_state(f"reason {number:05}")
            ours.append(_shown(page, f"reason {number:05}") - began)
            floor.append(watch.next_time() - began)
    mine, theirs = (statistics.quantiles(each, n=20)[-1] for each in (ours, floor))
    limits = [each / CHANGE_S for each in ours]
    work = f"a change on the screen with {VIEWERS} viewers, 95th percentile, of {CHANGE_S:g} s"
    yield Row(work, mine, CHANGE_S, mine / CHANGE_S, (min(limits), max(limits)), 1.0)
    ratios = [a / b for a, b in zip(ours, floor, strict=True)]
    work = f"a change on the screen with {VIEWERS} viewers, 95th percentile, of a bare watch"
    yield Row(work, mine, theirs, mine / theirs, (min(ratios), max(ratios)))


def _busy(server: WebPage, blocks: StoredBlocks, numbers: Iterator[int]) -> float:
    """Return the processor time of the server in a second with changes, in seconds."""
    pid = server.process.pid
    began, used = time.monotonic(), processor_time(pid)
    for count in range(round(BUSY_S * CHANGES_PER_SECOND)):
        time.sleep(max(0.0, began + count / CHANGES_PER_SECOND - time.monotonic()))
        blocks.change_state(f"reason {next(numbers):05}")
    return (processor_time(pid) - used) / (time.monotonic() - began)
