"""Program of clients that commit, one after the other, as fast as they can.

It prints ``ready``, waits for a line, and prints as JSON the seconds of each transaction and the
processor time of all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from ska_sdp_config import Config

__all__: list[str] = []

TIMEOUT_S = 30.0
"""Timeout of a transaction, long enough for a loaded machine."""


def main() -> None:
    """Run the clients, each with its own ``Config`` and thread."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.committing_process")
    parser.add_argument("--endpoints", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("paths", nargs="+", help="path that a client increments, for each client")
    arguments = parser.parse_args()
    with ExitStack() as opened:
        configs = [
            opened.enter_context(
                Config(backend="etcd3", host=arguments.endpoints, timeout=TIMEOUT_S)
            )
            for _ in arguments.paths
        ]
        for config, path in zip(configs, arguments.paths, strict=True):
            _increment(config, path)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        end = time.monotonic() + arguments.seconds
        before = time.process_time()

        def run(config: Config, path: str) -> list[float]:
            took = []
            while (began := time.monotonic()) < end:
                _increment(config, path)
                took.append(time.monotonic() - began)
            return took

        with ThreadPoolExecutor(len(configs)) as threads:
            # The list raises the failure of a thread.
            of_clients = list(threads.map(run, configs, arguments.paths))
        measured = {
            "took": [seconds for took in of_clients for seconds in took],
            "processor time": time.process_time() - before,
        }
        sys.stdout.write(json.dumps(measured) + "\n")


def _increment(config: Config, path: str) -> None:
    for txn in config.txn():
        value = txn.get(path)
        if value is None:
            txn.create(path, "1")
        else:
            txn.update(path, str(int(value) + 1))


if __name__ == "__main__":
    main()
