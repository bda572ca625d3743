"""Archives that are equal if their files are."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

__all__ = ["write_archive"]


def write_archive(target: Path, directory: Path, names: list[str], timestamp: int) -> None:
    """Write files and directories to a compressed tar archive.

    Order, owner, permissions and times do not depend on the machine.

    Args:
        target: the archive.
        directory: directory of the files; names in the archive are relative to it.
        names: files, and directories with all files below.
        timestamp: time of all files, in seconds since 1970.
    """
    paths = [path for name in names for path in [directory / name, *(directory / name).rglob("*")]]
    with (
        gzip.GzipFile(target, "wb", mtime=timestamp) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for path in sorted(path for path in paths if path.is_file()):
            entry = tarfile.TarInfo(path.relative_to(directory).as_posix())
            entry.size = path.stat().st_size
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            entry.mtime = timestamp
            with path.open("rb") as content:
                archive.addfile(entry, content)
