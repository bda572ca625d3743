"""A processing block as the devices look at it: what it runs, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.times import read_time

__all__ = ["ProcessingBlock", "has_kind", "script_of"]


@dataclass(frozen=True, slots=True)
class ProcessingBlock:
    """A processing block of the subarray's execution block.

    Attributes:
        pb_id: its id.
        realtime: whether the execution block lists it as real-time.
        exists: whether ``/pb/<id>`` is there.
        script_name: name of its script, empty when not known.
        status: its status; a block without one is still starting up (schema 3.2.1).
        state: its state as scripts write it, empty while there is none.
    """

    pb_id: str
    realtime: bool
    exists: bool
    script_name: str
    status: str
    state: Json

    @classmethod
    def read(
        cls, pb_id: str, realtime: bool, document: Json | None, state: Json | None
    ) -> ProcessingBlock:
        """Put a processing block together from its two documents."""
        script = script_of(document or {})
        status = (state or {}).get("status")
        if not isinstance(status, str) or not status:
            status = "STARTING"
        return cls(pb_id, realtime, document is not None, script["name"], status, state or {})

    @property
    def resources_available(self) -> bool:
        """Whether the processing controller has given it what it needs."""
        return self.state.get("resources_available") is True

    @property
    def resourced(self) -> bool:
        """Whether it has resources and has used them to get past waiting (spec 4.4)."""
        if self.status == "FINISHED":
            return True
        return self.resources_available and self.status not in ("STARTING", "WAITING")

    @property
    def configured(self) -> bool:
        """Whether it does not say that its deployments are yet to be ready (spec 4.4)."""
        return self.status == "FINISHED" or self.state.get("deployments_ready") is not False

    @property
    def has_receive_addresses(self) -> bool:
        """Whether it has written where data are to be sent."""
        return bool(self.state.get("receive_addresses"))

    @property
    def failed(self) -> bool:
        """Whether it has given up."""
        return self.status == "FAILED"

    @property
    def reason(self) -> str:
        """Why it failed, in its own words."""
        reason = self.state.get("reason")
        if not reason:
            return "it gave no reason"
        return reason if isinstance(reason, str) else json.dumps(reason, sort_keys=True)

    @property
    def last_updated(self) -> datetime | None:
        """When its state was last written, None when that is not said."""
        return read_time(self.state.get("last_updated"))

    def summary(self) -> Json:
        """Sum it up for the attribute pbState."""
        return {
            "status": self.status,
            "resources_available": self.resources_available,
            "deployments": self.state.get("deployments") or {},
            "errors": [self.reason] if self.state.get("reason") or self.failed else [],
        }


def script_of(document: Json) -> Mapping[str, str]:
    """Find a processing block's script as kind, name and version.

    Args:
        document: a processing block of any age: older ones have a ``workflow`` or spell the
            keys ``type`` and ``id``, and some hold one string ``kind:name:version`` (spec 2a).
    """
    script: Any = document.get("script", document.get("workflow"))
    if isinstance(script, str):
        script = dict(zip(("kind", "name", "version"), script.split(":"), strict=False))
    if not isinstance(script, dict):
        script = {}
    return {
        "kind": str(script.get("kind", script.get("type", ""))),
        "name": str(script.get("name", script.get("id", ""))),
        "version": str(script.get("version", "")),
    }


def has_kind(document: Json, kind: str) -> bool:
    """Whether a processing block's script is of a kind, ``realtime`` or ``batch``."""
    return script_of(document)["kind"] == kind
