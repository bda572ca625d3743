"""File of a recording that grows: continued after an end at any point."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.recording.format import InvalidRecording, Part, lines_of, read_parts

__all__ = ["RecordingFile", "open_recording", "read_recording"]


class RecordingFile:
    """Recording to which parts are appended.

    Attributes:
        revision: revision of the last complete part, 0 in an empty file.
    """

    def __init__(self, name: str, stream: BinaryIO, revision: int) -> None:
        self.revision = revision
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
            self.revision = part.revision
        except OSError as exc:
            reason = exc.strerror or exc
            raise Failed(
                f"Cannot write {self._name}: {reason}. It is complete up to revision "
                f"{self.revision}: make space, then run the same command to continue it."
            ) from exc


@contextmanager
def open_recording(name: str) -> Iterator[RecordingFile]:
    """Create a recording, or open one to continue it, without an unfinished part at its end.

    Raises:
        Failed: the file cannot be written, is no recording, or another process writes to it.
    """
    try:
        # Unbuffered: after an error, a buffer would be written again when the file is closed.
        with os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            revision, end = 0, 0
            with Path(name).open("rb") as lines:
                for part, end in read_parts(lines):  # noqa: B007
                    revision = part.revision
            stream.truncate(end)
            stream.seek(end)
            yield RecordingFile(name, stream, revision)
    except InvalidRecording as exc:
        raise Failed(f"{name} cannot be continued: {exc}; give another file.") from exc
    except BlockingIOError as exc:
        raise Failed(f"Another process writes to {name}: stop it, or give another file.") from exc


def read_recording(name: str) -> Iterator[Part]:
    """Yield the parts of a recording.

    Raises:
        Failed: it cannot be read, is no recording or is damaged.
    """
    try:
        with Path(name).open("rb") as lines:
            for part, _ in read_parts(lines):
                yield part
    except InvalidRecording as exc:
        raise Failed(f"{name} is no recording: {exc}.") from exc
