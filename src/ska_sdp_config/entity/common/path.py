"""File paths, also on persistent volumes of Kubernetes."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, PlainValidator

from ska_sdp_config.entity.base import StoredModel

__all__ = ["AbsolutePurePath", "AnyPurePath", "PVCPath", "RelativePurePath"]


def _to_posix(value: Any) -> PurePosixPath:
    # Also converts concrete paths, such as Path("x"), to pure ones.
    if not isinstance(value, str | os.PathLike):
        # Pydantic reports a ValueError, but does not catch a TypeError.
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
"""Path, from text or any path object."""

AbsolutePurePath = Annotated[PurePosixPath, _ToPosix, AfterValidator(_check_absolute), _ToText]
"""Absolute path."""

RelativePurePath = Annotated[PurePosixPath, _ToPosix, AfterValidator(_check_relative), _ToText]
"""Relative path."""


class PVCPath(StoredModel):
    """Directory on a persistent volume.

    Attributes:
        k8s_namespaces: the namespaces of the volume claim.
        k8s_pvc_name: name of the volume claim.
        pvc_mount_path: mount point of the volume.
        pvc_subpath: the directory, relative to the mount point.
    """

    k8s_namespaces: str | list[str]
    k8s_pvc_name: str
    pvc_mount_path: AbsolutePurePath
    pvc_subpath: RelativePurePath

    @property
    def path(self) -> PurePosixPath:
        """Full path of the directory where the volume is mounted."""
        return self.pvc_mount_path / self.pvc_subpath

    def __str__(self) -> str:
        return str(self.path)
