"""Processing blocks: runs of a processing script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from .base import Entity, StoredModel, when_made
from .common.ids import check_path_part
from .script import Script, ScriptKey

__all__ = ["PBDependency", "ProcessingBlock"]


def _no_parameters(value: Any) -> Any:
    return {} if value is None else value


def _no_dependencies(value: Any) -> Any:
    return [] if value is None else value


class PBDependency(StoredModel):
    """What a processing block waits for.

    Attributes:
        pb_id: the processing block that it waits for.
        kind: the kinds of its data that it needs.
    """

    pb_id: str
    kind: list[str] = Field(validation_alias=AliasChoices("kind", "type"))


class ProcessingBlock(Entity):
    """One run of a processing script (schema 3.2 of the seed).

    Attributes:
        key: its id, ``pb_id`` in what is stored.
        eb_id: the execution block that it belongs to, if to one.
        script: the script that it runs; also from ``kind:name:version``, or from a dict.
        parameters: what the script is given.
        dependencies: the processing blocks that it waits for.
    """

    _stored_key: ClassVar[str | None] = "pb_id"
    _positional: ClassVar[tuple[str, ...]] = (
        "key",
        "eb_id",
        "script",
        "parameters",
        "dependencies",
    )

    key: Annotated[str, AfterValidator(when_made(check_path_part))] = Field(
        validation_alias=AliasChoices("pb_id", "key")
    )
    eb_id: str | None = None
    script: ScriptKey
    parameters: Annotated[dict[str, Any], BeforeValidator(_no_parameters)] = Field(
        default_factory=dict
    )
    dependencies: Annotated[list[PBDependency], BeforeValidator(_no_dependencies)] = Field(
        default_factory=list
    )

    if TYPE_CHECKING:
        # The constructor that pydantic makes, with the positions that the seed's has.
        def __init__(
            self,
            key: str = ...,
            eb_id: str | None = ...,
            script: Script.Key | dict[str, Any] | str = ...,
            parameters: dict[str, Any] | None = ...,
            dependencies: list[PBDependency] | list[dict[str, Any]] | None = ...,
            **fields: Any,
        ) -> None: ...

    @property
    def pb_id(self) -> str:
        """The id, as the seed spells it."""
        return self.key
