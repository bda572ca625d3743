"""Deployments requested by processing scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, Field

from ska_sdp_config.entity.base import Entity, rename_keys, validate_unless_stored
from ska_sdp_config.entity.common.ids import DEPLOYMENT_ID, check_path_part

__all__ = ["Deployment"]


def _check_kind(kind: str) -> str:
    if kind != "helm":
        raise ValueError(f"{kind!r} is no kind of deployment: use 'helm'.")
    return kind


class Deployment(Entity):
    """Helm release requested by a processing script.

    Attributes:
        key: the id; stored as ``key`` and ``dpl_id``, read under either.
        kind: ``helm``.
        args: ``chart``, the name of the chart, and ``values``, its values.
    """

    _stored_key: ClassVar[str | None] = "dpl_id"
    _key_patterns: ClassVar[Mapping[str, str]] = {"key": DEPLOYMENT_ID}
    _positional: ClassVar[tuple[str, ...]] = ("key", "kind", "args")

    key: Annotated[str, AfterValidator(validate_unless_stored(check_path_part))] = Field(
        validation_alias=AliasChoices("dpl_id", "key")
    )
    kind: Annotated[str, AfterValidator(validate_unless_stored(_check_kind))]
    args: dict[str, Any]

    if TYPE_CHECKING:
        # The generated constructor, with the positional arguments of release 0.5.0.
        def __init__(
            self, key: str = ..., kind: str = ..., args: dict[str, Any] = ..., **fields: Any
        ) -> None: ...

    @classmethod
    def _from_old_release(cls, data: dict[str, Any]) -> dict[str, Any]:
        # Release 0.3: {id, type, args}.
        if "type" not in data or "kind" in data:
            return data
        return rename_keys(data, {"id": "dpl_id", "type": "kind"})

    @property
    def dpl_id(self) -> str:
        """The id, by the name that release 0.5.0 uses."""
        return self.key
