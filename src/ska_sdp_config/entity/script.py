"""Definitions of processing scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field

from ska_sdp_config.entity.base import (
    KEY_PART,
    Entity,
    EntityKey,
    KeyPart,
    validate_unless_stored,
)
from ska_sdp_config.entity.mapping import ReadsAsMapping

__all__ = ["Script", "ScriptKey"]

KINDS = ("realtime", "batch")


def _check_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of script: use 'realtime' or 'batch'.")
    return kind


class Script(Entity):
    """Definition of a processing script.

    Attributes:
        key: kind, name and version.
        image: the container image that runs it.
    """

    _key_patterns: ClassVar[Mapping[str, str]] = {
        "kind": "|".join(KINDS),
        "name": KEY_PART,
        "version": KEY_PART,
    }

    class Key(EntityKey, ReadsAsMapping):
        """Key of a script, also readable as a mapping of its parts.

        Attributes:
            kind: ``realtime``, during the observation, or ``batch``, after it.
            name: name of the script.
            version: its version.
        """

        model_config = ConfigDict(frozen=True, extra="allow")

        kind: Annotated[str, AfterValidator(validate_unless_stored(_check_kind))] = Field(
            validation_alias=AliasChoices("kind", "type")
        )
        name: KeyPart = Field(validation_alias=AliasChoices("name", "id"))
        version: KeyPart

    key: Annotated[Key, BeforeValidator(Key.read_text)]
    image: str


ScriptKey = Annotated[Script.Key, BeforeValidator(Script.Key.read_text)]
"""Key of a script, also converted from the text ``kind:name:version``."""
