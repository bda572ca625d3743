"""Processing blocks: runs of a processing script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, SupportsIndex

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from ska_sdp_config.entity.base import Entity, StoredModel, rename_keys, validate_unless_stored
from ska_sdp_config.entity.common.ids import BLOCK_ID, check_path_part
from ska_sdp_config.entity.mapping import ReadsAsMapping
from ska_sdp_config.entity.script import Script, ScriptKey

__all__ = ["PBDependency", "ProcessingBlock"]


def _no_parameters(value: Any) -> Any:
    return {} if value is None else value


def _no_dependencies(value: Any) -> Any:
    return [] if value is None else value


class PBDependency(StoredModel, ReadsAsMapping):
    """Dependency of a processing block on another; also readable as a mapping.

    Attributes:
        pb_id: the other processing block.
        kind: the kinds of its data that are required.
    """

    pb_id: str
    kind: list[str] = Field(validation_alias=AliasChoices("kind", "type"))


class PBDependencies(list[PBDependency]):
    """List of dependencies that converts dicts to models.

    Raises:
        ValidationError: a ValueError; an item is not a dependency.
    """

    def append(self, item: PBDependency | dict[str, Any]) -> None:
        """Append a dependency."""
        super().append(_dependency(item))

    def insert(self, index: SupportsIndex, item: PBDependency | dict[str, Any]) -> None:
        """Insert a dependency before an index."""
        super().insert(index, _dependency(item))

    def extend(self, items: Iterable[PBDependency | dict[str, Any]]) -> None:
        """Append several dependencies."""
        super().extend(_dependency(item) for item in items)

    def __iadd__(  # type: ignore[override,misc]  # accepts dicts too
        self, items: Iterable[PBDependency | dict[str, Any]]
    ) -> PBDependencies:
        self.extend(items)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            super().__setitem__(index, [_dependency(item) for item in value])
        else:
            super().__setitem__(index, _dependency(value))


def _dependency(item: PBDependency | dict[str, Any]) -> PBDependency:
    return PBDependency.model_validate(item)


class ProcessingBlock(Entity):
    """One run of a processing script.

    Attributes:
        key: the id; stored as ``key`` and ``pb_id``, read under either.
        eb_id: the execution block that it belongs to, or None.
        script: key of the script; also given as ``kind:name:version`` or a dict.
        parameters: parameters of the script.
        dependencies: the processing blocks that it waits for.
    """

    _stored_key: ClassVar[str | None] = "pb_id"
    _key_patterns: ClassVar[Mapping[str, str]] = {"key": BLOCK_ID}
    _positional: ClassVar[tuple[str, ...]] = (
        "key",
        "eb_id",
        "script",
        "parameters",
        "dependencies",
    )

    key: Annotated[str, AfterValidator(validate_unless_stored(check_path_part))] = Field(
        validation_alias=AliasChoices("pb_id", "key")
    )
    eb_id: str | None = None
    script: ScriptKey
    parameters: Annotated[dict[str, Any], BeforeValidator(_no_parameters)] = Field(
        default_factory=dict
    )
    dependencies: Annotated[
        list[PBDependency], BeforeValidator(_no_dependencies), AfterValidator(PBDependencies)
    ] = Field(default_factory=PBDependencies)

    if TYPE_CHECKING:
        # The generated constructor, with the positional arguments of release 0.5.0.
        def __init__(
            self,
            key: str = ...,
            eb_id: str | None = ...,
            script: Script.Key | dict[str, Any] | str = ...,
            parameters: dict[str, Any] | None = ...,
            dependencies: list[PBDependency] | list[dict[str, Any]] | None = ...,
            **fields: Any,
        ) -> None: ...

    @classmethod
    def _from_old_release(cls, data: dict[str, Any]) -> dict[str, Any]:
        # Release 0.3: {id, sbi_id, workflow: {type, id, version}, …}.
        if "workflow" not in data or "script" in data:
            return data
        return rename_keys(data, {"id": "pb_id", "sbi_id": "eb_id", "workflow": "script"})

    @property
    def pb_id(self) -> str:
        """The id, by the name that release 0.5.0 uses."""
        return self.key
