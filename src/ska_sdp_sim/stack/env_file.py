"""The file that a shell reads to reach the stack."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote


def export_line(environment: Mapping[str, str]) -> str:
    """A shell command that sets the variables."""
    return "export " + " ".join(f"{name}={quote(value)}" for name, value in environment.items())


@contextmanager
def env_file(path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Keep the file while inside; whoever sees it, sees it whole.

    At the end it is removed, unless another stack has put its own in its place.

    Raises:
        OSError: it cannot be written.
    """
    text = export_line(environment) + "\n"
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    try:
        yield
    finally:
        if _content(path) == text:
            path.unlink(missing_ok=True)


def _content(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
