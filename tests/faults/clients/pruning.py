"""Client that removes execution blocks that have ended, as a periodic job does in operation."""

from __future__ import annotations

import subprocess
import sys

from tests.faults.clients.program import parser, start
from tests.faults.history import HistoryWriter

AGE = "60s"

WITHIN_S = 45.0
"""Time limit of a command in seconds. In an outage the command fails earlier. If one takes longer,
the client ends with an error, and the run fails."""

COMMAND = (sys.executable, "-m", "ska_sdp_config.cli", "prune", "--older-than", AGE)

NO_CONNECTION = 5
"""Exit code if the database did not respond or rejected a request; some blocks may be removed."""


def prune(history: HistoryWriter) -> None:
    """Run the command once, and record how many paths it has removed.

    Raises:
        RuntimeError: it has failed, but not because of the database.
        subprocess.TimeoutExpired: it has not ended within WITHIN_S.
    """
    operation = history.begin("prune")
    done = subprocess.run(
        [*COMMAND, "--output", "name"], capture_output=True, text=True, timeout=WITHIN_S
    )
    if done.returncode == 0:
        history.end(operation, "ok", removed=len(done.stdout.splitlines()))
    elif done.returncode == NO_CONNECTION:
        history.end(operation, "unknown", error=done.stderr)
    else:
        raise RuntimeError(f"prune ended with exit code {done.returncode}: {done.stderr}")


def main() -> None:
    options = parser(__doc__).parse_args()
    _, history, _, stop = start(options)
    with history:
        for _ in stop.steps():
            prune(history)


if __name__ == "__main__":
    main()
