"""Program of watchers, each a ``Config`` with a loop that reads one path.

It prints ``ready`` when all loops have read the path once. For each line of its input it prints as
JSON what it has received since the last one, its processor time so far, and its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable

from ska_sdp_config import Config

from .proc import resident

__all__: list[str] = []


def main() -> None:
    """Run the watchers until the end of the input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching_process")
    parser.add_argument("--endpoints", required=True)
    parser.add_argument("--configs", type=int, required=True)
    parser.add_argument("--path", required=True)
    arguments = parser.parse_args()
    received: queue.SimpleQueue[tuple[str | None, float]] = queue.SimpleQueue()

    def on_read(value: str | None) -> None:
        received.put((value, time.monotonic()))

    for _ in range(arguments.configs):
        config = Config(backend="etcd3", host=arguments.endpoints)
        # A daemon: it ends with the program, which is killed.
        target = (config, arguments.path, on_read)
        threading.Thread(target=_watch, args=target, daemon=True).start()
    for _ in range(arguments.configs):
        received.get()
    _print("ready")
    for _ in sys.stdin:
        some = [received.get() for _ in range(received.qsize())]
        measured = {
            "processor time": time.process_time(),
            "memory": resident(os.getpid()),
            "received": some,
        }
        _print(json.dumps(measured))


def _watch(config: Config, path: str, on_read: Callable[[str | None], None]) -> None:
    for watcher in config.watcher():
        for txn in watcher.txn():
            on_read(txn.get(path))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
