"""The commit that a release is built from."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from release.errors import ReleaseError

__all__ = ["Commit", "export", "run"]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and a copy of its files.

    Attributes:
        files: directory with the files.
        version: version of the package: ``0.1.0`` at a tag, ``0.1.1.dev12+gabc1234`` after it.
        revision: hash of the commit.
        timestamp: time of the commit, in seconds since 1970. It replaces the time of the build,
            so that two builds of a commit are equal.
    """

    files: Path
    version: str
    revision: str
    timestamp: int


def export(repository: Path, target: Path) -> Commit:
    """Copy the files of the current commit to a new directory.

    Uncommitted files are thus never part of a release.

    Raises:
        ReleaseError: the repository is no git clone, or has uncommitted changes.
    """
    changes = _git(repository, "status", "--porcelain", "--untracked-files=no")
    if changes:
        raise ReleaseError(f"Uncommitted changes in {repository}: commit or undo them\n{changes}")
    revision = _git(repository, "rev-parse", "HEAD")
    packed = target.with_suffix(".tar")
    _git(repository, "archive", "--output", str(packed), revision)
    with tarfile.open(packed) as archive:
        archive.extractall(target, filter="data")
    packed.unlink()
    version = run([sys.executable, "-m", "hatchling", "version"], repository)
    timestamp = int(_git(repository, "show", "--no-patch", "--format=%ct", revision))
    return Commit(target, version, revision, timestamp)


def run(command: list[str], directory: Path, environment: dict[str, str] | None = None) -> str:
    """Run a program and return its output without spaces at the ends.

    Raises:
        ReleaseError: it failed; the error contains what it printed.
    """
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ReleaseError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout.strip()


def _git(repository: Path, *arguments: str) -> str:
    try:
        return run(["git", *arguments], repository)
    except FileNotFoundError:
        raise ReleaseError("git is missing: a release is built from a git clone") from None
