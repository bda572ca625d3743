"""Paths of files, and where they are in a Kubernetes cluster."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, PlainValidator

from ska_sdp_config.entity.base import StoredModel

__all__ = ["AbsolutePurePath", "AnyPurePath", "PVCPath", "RelativePurePath"]


def _to_posix(value: Any) -> PurePosixPath:
    # A path of this machine, such as Path("x"), becomes one that touches no file system.
    if not isinstance(value, str | os.PathLike):
        # Pydantic tells of a ValueError, but lets a TypeError through.
        raise ValueError(f"{value!r} is not a path: give text or a path object.")  # noqa: TRY004
    return PurePosixPath(value)


def _check_absolute(path: PurePosixPath) -> PurePosixPath:
    if not path.is_absolute():
        raise ValueError(f"{str(path)!r} is not an absolute path: begin it with '/'.")
    return path


def _check_relative(path: PurePosixPath) -> PurePosixPath:
    if path.is_absolute():
        raise ValueError(f"{str(path)!r} is not a relative path: leave the first '/' out.")
    return path


_ToPosix = PlainValidator(_to_posix)
_ToText = PlainSerializer(str, return_type=str, when_used="json")

AnyPurePath = Annotated[PurePosixPath, _ToPosix, _ToText]
"""A path, from text or any path object."""

AbsolutePurePath = Annotated[PurePosixPath, _ToPosix, AfterValidator(_check_absolute), _ToText]
"""A path that begins at the root."""

RelativePurePath = Annotated[PurePosixPath, _ToPosix, AfterValidator(_check_relative), _ToText]
"""A path that does not begin at the root."""


class PVCPath(StoredModel):
    """A directory on a persistent volume.

    Attributes:
        k8s_namespaces: the namespaces in which the volume claim is.
        k8s_pvc_name: name of the volume claim.
        pvc_mount_path: where the volume is mounted.
        pvc_subpath: the directory, from there.
    """

    k8s_namespaces: str | list[str]
    k8s_pvc_name: str
    pvc_mount_path: AbsolutePurePath
    pvc_subpath: RelativePurePath

    @property
    def path(self) -> PurePosixPath:
        """The directory as a process sees it that has the volume mounted."""
        return self.pvc_mount_path / self.pvc_subpath

    def __str__(self) -> str:
        return str(self.path)
