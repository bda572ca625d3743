"""Data flows, where their data comes from, and claims on it."""

from __future__ import annotations

import re
from typing import Annotated, Any

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
    Entity,
    EntityKey,
    StoredModel,
    check_key_part,
    is_stored,
    when_made,
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

_Part = Annotated[str, AfterValidator(when_made(check_key_part))]


def _check_dependency_kind(kind: str) -> str:
    if not _DEPENDENCY_KIND.fullmatch(kind):
        raise ValueError(
            f"{kind!r} is no kind of dependency: use 1 to 96 of A-Z, a-z, 0-9 and '-'."
        )
    return kind


class Flow(Entity):
    """What becomes of the data of a processing block.

    Attributes:
        key: processing block, kind and name.
        sink: where the data goes.
        sources: where it comes from.
        data_model: what the data is, such as ``Visibility``.
        expiry_time: seconds after which it may be deleted, -1 for never.
    """

    class Key(EntityKey):
        """Identity of a flow.

        Attributes:
            pb_id: the processing block whose data it is.
            kind: kind of its sink, which fills it in when it is left out.
            name: name of the flow.
        """

        pb_id: _Part
        kind: _Part | None = None
        name: _Part

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    sink: AnySink
    sources: list[FlowSource] = Field(default_factory=list)
    data_model: str
    expiry_time: int = -1

    @model_validator(mode="after")
    def _fill_kind(self) -> Flow:
        if self.key.kind is None:
            # Past the validation of assignments, which would end up here again.
            self.__dict__["key"] = Flow.Key(
                pb_id=self.key.pb_id, kind=self.sink.kind, name=self.key.name
            )
        return self


def _read_uri(value: Any, info: ValidationInfo) -> Any:
    """Tell the name of a flow from a URL."""
    if isinstance(value, AnyUrl):
        return str(value)
    if not isinstance(value, str) or not value.startswith(_FLOWS):
        return value
    try:
        return Flow.Key.from_text(value.removeprefix(_FLOWS), stored=is_stored(info))
    except ValueError:
        # A relative URL that only looks like a flow stays what it is.
        return value


def _check_whole(uri: Flow.Key | str) -> Flow.Key | str:
    if isinstance(uri, Flow.Key) and uri.kind is None:
        raise ValueError(f"The flow {uri} is no source without its kind: give kind too.")
    return uri


def _write_uri(uri: Flow.Key | str) -> str:
    return f"{_FLOWS}{uri}" if isinstance(uri, Flow.Key) else uri


class FlowSource(StoredModel):
    """Where the data of a flow comes from, and what is done to it.

    Attributes:
        uri: another flow, or a URL.
        function: what is done.
        parameters: what the function is given.
    """

    uri: Annotated[
        Flow.Key | str,
        BeforeValidator(_read_uri),
        AfterValidator(_check_whole),
        PlainSerializer(_write_uri, return_type=str, when_used="json"),
    ]
    function: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class Dependency(Entity):
    """A claim on the data of a flow: it is not to be deleted before the claim is.

    Attributes:
        key: whose data, of what kind and name, and who claims it.
        expiry_time: seconds after which the claim lapses, -1 for never.
        description: what it is for.
    """

    class Key(EntityKey):
        """Identity of a dependency.

        Attributes:
            pb_id: the processing block whose data it is.
            kind: kind of the claim.
            name: name of the flow.
            origin: who claims it.
        """

        pb_id: _Part
        kind: Annotated[str, AfterValidator(when_made(_check_dependency_kind))]
        name: _Part
        origin: _Part

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    expiry_time: int = -1
    description: str | None = None


Flow.model_rebuild()
