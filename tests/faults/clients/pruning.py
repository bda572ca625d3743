"""Client that removes execution blocks that have ended, as a periodic job does in operation."""

from __future__ import annotations

import subprocess
import sys

from tests.faults.clients.program import parser, start
from tests.faults.history import HistoryWriter

AGE = "60s"

WITHIN_S = 45.0
"""Time limit of a command in seconds. An outage ends it earlier with an error; one that takes
longer ends the client, so the run fails."""

USAGE_ERROR = 2
"""Exit code after wrong arguments."""


def prune(history: HistoryWriter) -> None:
    """Run the command once; in an outage of the database it may have removed a part.

    Raises:
        RuntimeError: it has ended by another error.
    """
    operation = history.begin("prune")
    command = [sys.executable, "-m", "ska_sdp_config.cli", "prune", "--older-than", AGE]
    done = subprocess.run(
        [*command, "--output", "name"], capture_output=True, text=True, timeout=WITHIN_S
    )
    if done.returncode == USAGE_ERROR or "Traceback" in done.stderr:
        raise RuntimeError(f"prune ended with exit code {done.returncode}: {done.stderr}")
    if done.returncode == 0:
        history.end(operation, "ok", removed=len(done.stdout.splitlines()))
    else:
        history.end(operation, "unknown", error=done.stderr)


def main() -> None:
    options = parser(__doc__).parse_args()
    _, history, _, stop = start(options)
    with history:
        for _ in stop.steps():
            prune(history)


if __name__ == "__main__":
    main()
