"""Data flows, their sources, and dependencies on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AnyUrl,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationInfo,
    model_validator,
)

from ska_sdp_config.entity.base import (
    KEY_PART,
    Entity,
    EntityKey,
    KeyPart,
    StoredModel,
    is_stored,
    validate_unless_stored,
)
from ska_sdp_config.entity.common.kafka import KafkaUrl
from ska_sdp_config.entity.common.path import AnyPurePath, PVCPath
from ska_sdp_config.entity.common.trl import AnyTRL, AttributeTRL
from ska_sdp_config.entity.sinks import (
    AnySink,
    AttributeQuery,
    DataProduct,
    DataProductPersist,
    DataQueue,
    Display,
    SharedMem,
    Sink,
    TangoAttribute,
    TangoAttributeMap,
)

__all__ = [
    "AnyPurePath",
    "AnySink",
    "AnyTRL",
    "AttributeQuery",
    "AttributeTRL",
    "DataProduct",
    "DataProductPersist",
    "DataQueue",
    "Dependency",
    "Display",
    "Flow",
    "FlowSource",
    "KafkaUrl",
    "PVCPath",
    "SharedMem",
    "Sink",
    "TangoAttribute",
    "TangoAttributeMap",
]

_FLOWS = "/flow/"

_DEPENDENCY_KIND = re.compile(r"[A-Za-z0-9-]{1,96}")


def _check_dependency_kind(kind: str) -> str:
    if not _DEPENDENCY_KIND.fullmatch(kind):
        raise ValueError(
            f"{kind!r} is no kind of dependency: use 1 to 96 of A-Z, a-z, 0-9 and '-'."
        )
    return kind


class Flow(Entity):
    """Flow of data of a processing block.

    Attributes:
        key: processing block, kind and name.
        sink: destination of the data.
        sources: sources of the data.
        data_model: type of the data, such as ``Visibility``.
        expiry_time: seconds after which the data may be deleted, -1 for never.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {
        "pb_id": KEY_PART,
        "kind": KEY_PART,
        "name": KEY_PART,
    }

    class Key(EntityKey):
        """Key of a flow.

        Attributes:
            pb_id: the processing block of the data.
            kind: kind of the sink, by default that of the flow's sink.
            name: name of the flow.
        """

        pb_id: KeyPart
        kind: KeyPart | None = None
        name: KeyPart

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    sink: AnySink
    sources: list[FlowSource] = Field(default_factory=list)
    data_model: str
    expiry_time: int = -1

    @model_validator(mode="after")
    def _fill_kind(self) -> Flow:
        if self.key.kind is None:
            # Bypasses the validation of assignments, which would recurse.
            self.__dict__["key"] = Flow.Key(
                pb_id=self.key.pb_id, kind=self.sink.kind, name=self.key.name
            )
        return self


def _read_uri(value: Any, info: ValidationInfo) -> Any:
    """Convert the path of a flow to a key; leave other values as they are."""
    if isinstance(value, AnyUrl):
        return str(value)
    if not isinstance(value, str) or not value.startswith(_FLOWS):
        return value
    try:
        return Flow.Key.from_text(value.removeprefix(_FLOWS), stored=is_stored(info))
    except ValueError:
        # A relative URL can resemble the path of a flow.
        return value


def _require_kind(uri: Flow.Key | str) -> Flow.Key | str:
    if isinstance(uri, Flow.Key) and uri.kind is None:
        raise ValueError(f"The flow {uri} is no source without its kind: give kind too.")
    return uri


def _write_uri(uri: Flow.Key | str) -> str:
    return f"{_FLOWS}{uri}" if isinstance(uri, Flow.Key) else uri


class FlowSource(StoredModel):
    """Source of a flow, and the function that is applied to its data.

    Attributes:
        uri: another flow, or a URL.
        function: name of the function.
        parameters: parameters of the function.
    """

    uri: Annotated[
        Flow.Key | str,
        BeforeValidator(_read_uri),
        AfterValidator(_require_kind),
        PlainSerializer(_write_uri, return_type=str, when_used="json"),
    ]
    function: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class Dependency(Entity):
    """Dependency on the data of a flow, which must not be deleted while the dependency exists.

    Attributes:
        key: processing block, kind, name and origin.
        expiry_time: seconds after which the dependency expires, -1 for never.
        description: purpose of the dependency.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {
        "pb_id": KEY_PART,
        "kind": _DEPENDENCY_KIND.pattern,
        "name": KEY_PART,
        "origin": KEY_PART,
    }

    class Key(EntityKey):
        """Key of a dependency.

        Attributes:
            pb_id: the processing block of the data.
            kind: kind of the dependency.
            name: name of the flow.
            origin: program that depends on the data.
        """

        pb_id: KeyPart
        kind: Annotated[str, AfterValidator(validate_unless_stored(_check_dependency_kind))]
        name: KeyPart
        origin: KeyPart

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    expiry_time: int = -1
    description: str | None = None


Flow.model_rebuild()
