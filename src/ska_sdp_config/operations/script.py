"""Script definitions, ``/script/<kind>:<name>:<version>``."""

from __future__ import annotations

from ska_sdp_config.entity.script import Script
from ska_sdp_config.operations.keyed import KeyCollection

__all__ = ["Scripts"]


class Scripts(KeyCollection[Script.Key, Script]):
    """Script definitions of a transaction."""

    PREFIX = "/script"
    KEY_PARTS = Script.key_patterns()
    MODEL_CLASS = Script
    KEY_CLASS = Script.Key
