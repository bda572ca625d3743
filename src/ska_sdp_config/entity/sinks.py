"""Sinks of flows, distinguished by the stored field ``kind``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BeforeValidator,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ska_sdp_config.entity.base import StoredModel, is_stored
from ska_sdp_config.entity.common.kafka import KafkaUrl
from ska_sdp_config.entity.common.path import AnyPurePath, PVCPath
from ska_sdp_config.entity.common.trl import AttributeTRL

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AnySink",
    "AttributeQuery",
    "DataProduct",
    "DataProductPersist",
    "DataQueue",
    "Display",
    "SharedMem",
    "Sink",
    "TangoAttribute",
    "TangoAttributeMap",
]


class Sink(StoredModel):
    """Sink of an unknown kind, which keeps all fields.

    Attributes:
        kind: the kind.
    """

    kind: str


class DataProduct(StoredModel):
    """Files in a directory.

    Attributes:
        data_dir: the directory.
        paths: the files in it.
    """

    kind: Literal["data-product"] = "data-product"
    data_dir: PVCPath | AnyPurePath
    paths: list[AnyPurePath]


class DataProductPersist(StoredModel):
    """Data product that is kept.

    Attributes:
        phase: level of safety, such as ``SOLID``.
        expires_at: end of storage, None for no end.
    """

    kind: Literal["data-product-persist"] = "data-product-persist"
    phase: str
    expires_at: AwareDatetime | None = None


_OLD_DATA_QUEUE = "dataqueue"
"""Kind ``data-queue`` as earlier programs spell it. That it means the same is an assumption."""


def _current_kind(kind: Any) -> Any:
    return "data-queue" if kind == _OLD_DATA_QUEUE else kind


class DataQueue(StoredModel):
    """Topics of a Kafka broker. The kind ``dataqueue`` is read as ``data-queue``.

    Attributes:
        topics: names of the topics.
        host: address of the broker.
        format: encoding of the messages.
    """

    kind: Annotated[Literal["data-queue"], BeforeValidator(_current_kind)] = "data-queue"
    topics: str
    host: KafkaUrl
    format: str


class SharedMem(StoredModel):
    """Shared memory of a host.

    Attributes:
        impl: name of the implementation.
    """

    kind: Literal["shared-mem"] = "shared-mem"
    impl: str


class Display(StoredModel):
    """Display in a user interface.

    Attributes:
        widget: widget that shows the data.
        endpoint: source of the data, None for the default of the display.
    """

    kind: Literal["display"] = "display"
    widget: str
    endpoint: str | None = None


class TangoAttribute(StoredModel):
    """An attribute of a Tango device.

    Attributes:
        attribute_trl: the attribute; the earlier name ``attribute_url`` is accepted.
        dtype: type of its values.
        max_dim_x: maximum number of elements along x, 0 for a scalar.
        max_dim_y: maximum number of elements along y, 0 for a scalar or a spectrum.
        default_value: value until data arrives.
    """

    kind: Literal["tango"] = "tango"
    attribute_trl: AttributeTRL = Field(
        validation_alias=AliasChoices("attribute_trl", "attribute_url")
    )
    dtype: str
    max_dim_x: int = 0
    max_dim_y: int = 0
    default_value: Any = None

    @property
    def attribute_url(self) -> AttributeTRL:
        """The attribute, by the name that earlier releases use."""
        return self.attribute_trl

    @attribute_url.setter
    def attribute_url(self, value: AttributeTRL | str) -> None:
        self.attribute_trl = value  # type: ignore[assignment]  # assignment validates

    # Programs of earlier releases read only the old name, so it is written back. The set of fields
    # records it because, unlike a private attribute, it is ignored in comparisons. If both names
    # were given, the old one is among the unknown fields, and is kept until the attribute changes.

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "attribute_trl":
            _change_old_name(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; an update of either name of the attribute changes both."""
        changes = dict(update or {})
        if "attribute_url" in changes:
            changes["attribute_trl"] = changes.pop("attribute_url")
        copied = super().model_copy(update=changes, deep=deep)
        if "attribute_trl" in changes:
            _change_old_name(copied)
        return copied

    @model_validator(mode="wrap")
    @classmethod
    def _record_old_name(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        model = handler(data)
        if is_stored(info) and isinstance(data, dict) and "attribute_trl" not in data:
            model.model_fields_set.add("attribute_url")
        return model

    @model_serializer(mode="wrap")
    def _write_old_name(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        has_only_old_name = "attribute_url" in self.model_fields_set and not (
            self.model_extra and "attribute_url" in self.model_extra
        )
        if has_only_old_name and "attribute_trl" in data:
            data["attribute_url"] = data.pop("attribute_trl")
        return data


def _change_old_name(sink: TangoAttribute) -> None:
    """Write a new attribute under the old name too, if the sink was given with both names."""
    # Otherwise programs that read the old name would miss the change.
    if sink.model_extra and "attribute_url" in sink.model_extra:
        sink.model_extra["attribute_url"] = sink.attribute_trl


class AttributeQuery(StoredModel):
    """Attribute and the part of the data that it shows.

    Attributes:
        attribute: the attribute.
        query: selects the part.
    """

    attribute: TangoAttribute
    query: Any = None


class TangoAttributeMap(StoredModel):
    """Attributes of Tango devices, each of which shows a part of the data.

    Attributes:
        attributes: pairs of attribute and query, in the form in which they were given.
    """

    kind: Literal["tangomap"] = "tangomap"
    attributes: list[AttributeQuery | tuple[TangoAttribute, Any]]


_KNOWN = (
    DataProduct,
    DataProductPersist,
    DataQueue,
    SharedMem,
    Display,
    TangoAttribute,
    TangoAttributeMap,
)
_KINDS = frozenset(sink.model_fields["kind"].default for sink in _KNOWN)


def _kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind == _OLD_DATA_QUEUE:
        return "data-queue" if _is_data_queue(value) else "other"
    return kind if isinstance(kind, str) and kind in _KINDS else "other"


def _is_data_queue(value: Any) -> bool:
    """Return whether a sink of the old kind is valid; others may have meant something else."""
    try:
        DataQueue.model_validate(value)
    except ValidationError:
        return False
    return True


AnySink = Annotated[
    Annotated[DataProduct, Tag("data-product")]
    | Annotated[DataProductPersist, Tag("data-product-persist")]
    | Annotated[DataQueue, Tag("data-queue")]
    | Annotated[SharedMem, Tag("shared-mem")]
    | Annotated[Display, Tag("display")]
    | Annotated[TangoAttribute, Tag("tango")]
    | Annotated[TangoAttributeMap, Tag("tangomap")]
    | Annotated[Sink, Tag("other")],
    Discriminator(_kind),
]
"""A sink of any kind."""
