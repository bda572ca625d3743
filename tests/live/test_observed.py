"""Derivation of subarrays while documents change: its cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config.live import observed
from ska_sdp_config.live.observed import ObservedSubarrays
from ska_sdp_config.lmc.snapshot import read_document


def test_document_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def count(text: str | None) -> Any:
        if text is not None:
            parsed.append(text)
        return read_document(text)

    monkeypatch.setattr(observed, "read_document", count)
    entry = {
        "state_commanded": "ON",
        "obs_state_commanded": "IDLE",
        "eb_id": "eb-a-20260131-00000",
    }
    texts = {"/lmc/subarray/01": json.dumps(entry), "/eb/eb-a-20260131-00000": "{}"}
    subarrays = ObservedSubarrays("")
    subarrays.replace(1, texts)
    assert sorted(parsed) == sorted(texts.values())
    changed = json.dumps(entry | {"obs_state_commanded": "READY"})
    subarrays.update(2, {"/lmc/subarray/01": changed})
    subarrays.update(3, {"/other": "{}"})
    assert parsed[2:] == [changed]
