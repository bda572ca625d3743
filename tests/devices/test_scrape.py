"""Metrics of devices that are collected on each scrape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.observability.process import Process
from ska_sdp_lmc.observability.scrape import Scraped


class Ready:
    """Publisher of a device in obsState READY."""

    has_view = True

    def read(self, name: str) -> tuple[Any, float] | None:
        return (ObsState.READY, 0.0) if name == "obsState" else None


def test_device_that_is_restarted_has_one_series_of_each_state(subarray_device: Any) -> None:
    this = Process()
    this.begin(subarray_device._served)
    this.begin(replace(subarray_device._served, publisher=Ready()))
    (found,) = (each for each in Scraped(this).collect() if each.name == "sdp_lmc_obs_state")
    states = [sample.labels["obs_state"] for sample in found.samples]
    assert states == [state.name for state in ObsState]
    assert [sample.labels["obs_state"] for sample in found.samples if sample.value] == ["READY"]
