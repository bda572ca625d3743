"""What the demonstration observes: its AssignResources message and its scripts."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

MESSAGE = Path(__file__).with_name("assign_resources.json")
SCRIPTS = Path(__file__).with_name("scripts.json")

_INTERFACE = "https://schema.skao.int/ska-sdp-{}/1.0"
_SAMPLE_DATE = "-20260101-"


@dataclass(frozen=True)
class Content:
    """One observation under ids of its own.

    Attributes:
        message: Argument of AssignResources.
    """

    message: dict[str, Any]

    @classmethod
    def new(cls) -> Content:
        """The message of the file, with ids that are not in use."""
        today = datetime.now(timezone.utc).strftime("%Y%m%d")
        text = MESSAGE.read_text().replace(_SAMPLE_DATE, f"-{today}-{secrets.token_hex(3)}")
        return cls(json.loads(text))

    @property
    def eb_id(self) -> str:
        """Id of the execution block."""
        return str(self.message["execution_block"]["eb_id"])

    def pb_ids(self, kind: str) -> list[str]:
        """Ids of the processing blocks whose script is ``realtime`` or ``batch``."""
        blocks = self.message["processing_blocks"]
        return [block["pb_id"] for block in blocks if block["script"]["kind"] == kind]

    @property
    def scan_types(self) -> list[str]:
        """Ids of the scan types that can be observed, templates left out."""
        types = self.message["execution_block"]["scan_types"]
        ids = [scan_type["scan_type_id"] for scan_type in types]
        return [scan_type_id for scan_type_id in ids if not scan_type_id.startswith(".")]

    @property
    def receive_beams(self) -> list[str]:
        """Ids of the beams whose visibilities are received."""
        beams = self.message["execution_block"]["beams"]
        return [beam["beam_id"] for beam in beams if beam["function"] == "visibilities"]


def configure(scan_type: str) -> str:
    """Argument of Configure."""
    return json.dumps({"interface": _INTERFACE.format("configure"), "scan_type": scan_type})


def scan(scan_id: int) -> str:
    """Argument of Scan."""
    return json.dumps({"interface": _INTERFACE.format("scan"), "scan_id": scan_id})


def scripts() -> list[dict[str, str]]:
    """Definitions of the scripts that the message's processing blocks run."""
    definitions: list[dict[str, str]] = json.loads(SCRIPTS.read_text())["scripts"]
    return definitions
