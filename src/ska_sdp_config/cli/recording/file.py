"""File of a recording that grows: continued after an end at any point."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.recording.format import (
    InvalidRecording,
    Part,
    Snapshot,
    lines_of,
    read_parts,
)

__all__ = ["RecordingFile", "open_recording", "read_recording"]


class RecordingFile:
    """Recording to which parts are appended.

    Attributes:
        revision: revision of the last complete part, 0 in an empty file.
        texts: all texts by path after that part.
        cluster: ID of the cluster at that part, empty if it is unknown.
        prefix: prefix of the recorded paths, None if it is unknown.
    """

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.revision = 0
        self.texts: dict[str, str] = {}
        self.cluster = ""
        self.prefix: str | None = None
        self._name = name
        self._stream = stream

    def append(self, part: Part) -> None:
        """Append a part; the operating system has it when this returns.

        Raises:
            Failed: it cannot be written, e.g. because the disk is full.
        """
        try:
            for line in lines_of(part):
                rest = memoryview(line)
                while rest:
                    rest = rest[self._stream.write(rest) :]
            self.apply(part)
        except OSError as exc:
            reason = exc.strerror or exc
            raise Failed(
                f"Cannot write {self._name}: {reason}. It is complete up to revision "
                f"{self.revision}: make space, then run the same command to continue it."
            ) from exc

    def apply(self, part: Part) -> None:
        """Update the attributes to a part that the file has."""
        self.revision = part.revision
        if isinstance(part, Snapshot):
            self.texts = dict(part.texts)
            self.cluster = part.cluster
            self.prefix = part.prefix
            return
        for path, text in part.texts.items():
            if text is None:
                self.texts.pop(path, None)
            else:
                self.texts[path] = text


@contextmanager
def open_recording(name: str, prefix: str) -> Iterator[RecordingFile]:
    """Create a recording, or open one to continue it, without an unfinished part at its end.

    Args:
        name: name of the file.
        prefix: prefix of the paths to record.

    Raises:
        Failed: the file cannot be written, is not a regular file, is no recording, has
            another prefix, or another process writes to it.
    """
    try:
        # Unbuffered: after an error, a buffer would be written again when the file is closed.
        with os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Failed(f"{name} is not a regular file: give another name.")
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            recording = RecordingFile(name, stream)
            end = 0
            with Path(name).open("rb") as lines:
                for part, end in read_parts(lines):  # noqa: B007
                    recording.apply(part)
            if recording.prefix not in (None, prefix):
                recorded, wanted = (
                    f"prefix {each}" if each else "no prefix"
                    for each in (recording.prefix, prefix)
                )
                raise Failed(
                    f"{name} cannot be continued: it was recorded with {recorded}, and this "
                    f"command has {wanted}; give the same --prefix, or another file."
                )
            stream.truncate(end)
            stream.seek(end)
            yield recording
    except InvalidRecording as exc:
        raise Failed(f"{name} cannot be continued: it {exc}; give another file.") from exc
    except BlockingIOError as exc:
        raise Failed(f"Another process writes to {name}: stop it, or give another file.") from exc


def read_recording(name: str) -> Iterator[Part]:
    """Yield the parts of a recording.

    Raises:
        Failed: it cannot be read, is no recording, is damaged or has no complete snapshot.
    """
    is_empty = True
    try:
        with Path(name).open("rb") as lines:
            for part, _ in read_parts(lines):
                is_empty = False
                yield part
    except InvalidRecording as exc:
        raise Failed(f"{name} {exc}.") from exc
    if is_empty:
        raise Failed(
            f"{name} has no complete snapshot: 'ska-sdp record' was stopped during the first one; "
            "run it again."
        )
