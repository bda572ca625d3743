"""State of other processes, as Linux shows it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["process_state"]


def process_state(pid: int) -> str:
    """Return the state of a process: ``T`` if it is suspended, ``Z`` if it has ended.

    Raises:
        FileNotFoundError: there is none; its parent has read its exit code.
    """
    # The name before it may have spaces and parentheses.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
