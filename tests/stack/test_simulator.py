"""Simulator process of the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from ska_sdp_sim.stack.simulator import Simulator


def test_readiness_does_not_depend_on_the_port_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator has a clean environment."""
    monkeypatch.setenv("SDP_CONFIG_PORT", "many")
    monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.1")
    # An address of this machine at which no server listens.
    assert not Simulator(tmp_path, {"SDP_CONFIG_HOST": "127.1.2.3"}).is_ready()
