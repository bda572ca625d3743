"""Program that prints the operations of a run, in the order of their beginnings."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from tests.faults.history import Operation, read_run


def line(operation: Operation) -> str:
    """Return an operation as begin, duration, name, kind, outcome, revision and details."""
    time = datetime.fromtimestamp(operation.began.wall, timezone.utc)
    seconds = operation.ended.monotonic - operation.began.monotonic
    details = json.dumps(operation.details, separators=(",", ":"))
    return (
        f"{time:%H:%M:%S.%f} {seconds:8.3f}s {operation.name:20} {operation.kind:10} "
        f"{operation.outcome:8} {operation.revision:8} {details}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path, help="directory of the histories")
    arguments.add_argument("--client", help="only this client")
    arguments.add_argument("--kind", help="only this kind of operation")
    options = arguments.parse_args()
    for operation in read_run(options.directory):
        if options.client in (None, operation.client) and options.kind in (None, operation.kind):
            sys.stdout.write(line(operation) + "\n")


if __name__ == "__main__":
    main()
