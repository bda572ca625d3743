"""Processing blocks as the devices read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ska_sdp_config.lmc.error_messages import error_texts
from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.statuses import PB_NOT_RESOURCED
from ska_sdp_config.lmc.times import read_time

__all__ = ["ProcessingBlock", "has_kind", "script_of"]


@dataclass(frozen=True)
class ProcessingBlock:
    """Processing block of an execution block.

    Attributes:
        pb_id: its ID.
        realtime: whether the execution block lists it as real-time.
        exists: whether ``/pb/<id>`` exists.
        script_name: name of its script, empty if unknown.
        status: its status, STARTING if it has none.
        state: its state as written by the script, empty if it has none.
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
        """Create a processing block from its two documents, None for a missing one."""
        script = script_of(document or {})
        status = (state or {}).get("status")
        if not isinstance(status, str) or not status:
            status = "STARTING"
        return cls(pb_id, realtime, document is not None, script["name"], status, state or {})

    @property
    def resources_available(self) -> bool:
        """Whether the processing controller has allocated its resources."""
        return self.state.get("resources_available") is True

    @property
    def resourced(self) -> bool:
        """Whether it has resources, is past WAITING and is not cancelled."""
        if self.status == "FINISHED":
            return True
        return self.resources_available and self.status not in PB_NOT_RESOURCED

    @property
    def configured(self) -> bool:
        """Whether its deployments are ready, or the script does not report readiness."""
        return self.status == "FINISHED" or self.state.get("deployments_ready") is not False

    @property
    def has_receive_addresses(self) -> bool:
        """Whether its state has receive addresses."""
        return bool(self.state.get("receive_addresses"))

    @property
    def failed(self) -> bool:
        """Whether its status is FAILED."""
        return self.status == "FAILED"

    @cached_property
    def errors(self) -> list[str]:
        """Reason of its failure and the errors that its script has recorded, without repetitions.

        A script may record errors without failing.
        """
        reason = self.state.get("reason")
        if reason and not isinstance(reason, str):
            reason = json.dumps(reason, sort_keys=True)
        return list(dict.fromkeys([*([reason] if reason else []), *error_texts(self.state)]))

    @property
    def reason(self) -> str:
        """Reason of the failure, as written by the script."""
        return "; ".join(self.errors) or "it gave no reason"

    @property
    def last_updated(self) -> datetime | None:
        """Time of its state's last update, None if unknown."""
        return read_time(self.state.get("last_updated"))

    def summary(self) -> Json:
        """Return its part of the attribute pbState."""
        return {
            "status": self.status,
            "resources_available": self.resources_available,
            "deployments": self.state.get("deployments") or {},
            "errors": self.errors or ([self.reason] if self.failed else []),
        }


def script_of(document: Json) -> Mapping[str, str]:
    """Return the kind, name and version of a processing block's script.

    Args:
        document: a processing block. Older formats are read too: ``workflow`` for ``script``,
            the keys ``type`` and ``id``, and a string ``kind:name:version``.
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
    """Return whether a processing block's script is of a kind, ``realtime`` or ``batch``."""
    return script_of(document)["kind"] == kind
