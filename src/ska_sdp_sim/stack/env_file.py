"""Shell file with the environment variables of the stack."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote


def export_line(environment: Mapping[str, str]) -> str:
    """Return a shell command that exports the variables."""
    return "export " + " ".join(f"{name}={quote(value)}" for name, value in environment.items())


@contextmanager
def env_file(path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Write the file atomically, and remove it on exit unless another stack has replaced it.

    Raises:
        OSError: it cannot be written.
    """
    text = export_line(environment) + "\n"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
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
