"""Messages and scripts of the demo."""

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
    """One observation, given by the argument of AssignResources."""

    message: dict[str, Any]

    @classmethod
    def new(cls) -> Content:
        """Return the packaged message with new IDs."""
        today = datetime.now(timezone.utc).strftime("%Y%m%d")
        text = MESSAGE.read_text().replace(_SAMPLE_DATE, f"-{today}-{secrets.token_hex(3)}")
        return cls(json.loads(text))

    @property
    def eb_id(self) -> str:
        """ID of the execution block."""
        return str(self.message["execution_block"]["eb_id"])

    def pb_ids(self, kind: str) -> list[str]:
        """Return the IDs of the processing blocks of a kind, ``realtime`` or ``batch``."""
        blocks = self.message["processing_blocks"]
        return [block["pb_id"] for block in blocks if block["script"]["kind"] == kind]

    @property
    def scan_types(self) -> list[str]:
        """IDs of the scan types, without templates."""
        types = self.message["execution_block"]["scan_types"]
        ids = [scan_type["scan_type_id"] for scan_type in types]
        return [scan_type_id for scan_type_id in ids if not scan_type_id.startswith(".")]

    @property
    def receive_beams(self) -> list[str]:
        """IDs of the beams with visibilities."""
        beams = self.message["execution_block"]["beams"]
        return [beam["beam_id"] for beam in beams if beam["function"] == "visibilities"]


def configure(scan_type: str) -> str:
    """Return the argument of Configure."""
    return json.dumps({"interface": _INTERFACE.format("configure"), "scan_type": scan_type})


def scan(scan_id: int) -> str:
    """Return the argument of Scan."""
    return json.dumps({"interface": _INTERFACE.format("scan"), "scan_id": scan_id})


def scripts() -> list[dict[str, str]]:
    """Return the definitions of the scripts of the message."""
    definitions: list[dict[str, str]] = json.loads(SCRIPTS.read_text())["scripts"]
    return definitions
