"""Recorder of events, and the limit of Tango's events that it reports."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.event_recorder import EventRecorder
from tests.e2e.subarray import Subarray
from tests.services.servers import ServeSubarrays, trl_of
from tests.support.in_time import TooLate
from tests.support.waiting import wait_until


@pytest.mark.long
def test_client_without_heartbeats_receives_an_error_event(
    etcd_server: Callable[..., Etcd], serve_subarrays: ServeSubarrays
) -> None:
    (server,) = serve_subarrays(etcd_server().port, ["01"])
    with EventRecorder([Subarray(trl_of(server))], "obsState") as recorder:
        server.pause()
        try:
            # A client checks every 10 s whether there was a heartbeat in the last 10 s.
            with pytest.raises(TooLate, match="can be missing"):
                wait_until(lambda: recorder.events, 60)
        finally:
            server.resume()
