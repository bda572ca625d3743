"""Strategies for what any program may store, beside the scene of a fault."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, WAITING, fault_scene

__all__ = ["FLOW", "HOSTILE", "OBJECTS", "PATHS", "TEXTS", "stored_scene"]

FLOW = f"{FAILED}:data-product:vis"

PATHS = (
    "/lmc/controller",
    "/lmc/subarray/01",
    "/component/lmc-controller/owner",
    "/component/proccontrol/owner",
    f"/eb/{EB}",
    f"/eb/{EB}/state",
    f"/pb/{FAILED}",
    f"/pb/{FAILED}/state",
    f"/pb/{FAILED}/owner",
    f"/pb/{WAITING}",
    f"/pb/{WAITING}/state",
    f"/deploy/{DEPLOYMENT}",
    f"/deploy/{DEPLOYMENT}/state",
    f"/flow/{FLOW}",
    f"/flow/{FLOW}/state",
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["FAILED", "FINISHED", "ACTIVE", FAILED, WAITING, EB, "\ud800", "/", "a/b", "..", "FAULT"]
    ),
)
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = (
    *("status", "reason", "last_updated", "error_messages", "deployments", "receive_addresses"),
    *("eb_id", "pb_realtime", "pb_batch", "pb_receive_addresses", "dependencies", "script"),
    *("last_command", "last_command_time", "last_command_milliseconds", "transaction_id"),
    *("state_commanded", "obs_state_commanded", "admin_mode", "resources", "acknowledged"),
    *("errors", "settings", "scan_id", "current_scan_type", "pods", "num_pod", "args", "kind"),
    *("host", "port", "data_model", "error_state", "command_count", "reached", "pb_id"),
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), HOSTILE, max_size=4)

TEXTS = st.one_of(
    st.text(max_size=20),
    HOSTILE.map(json.dumps),
    OBJECTS.map(json.dumps),
    st.sampled_from(["", "[" * 10_000, '{"a":' * 5_000, "NaN", '{"status": 1e999}', "\ud800"]),
    st.none(),
)
"""Texts of values; None for a deletion."""


def stored_scene() -> dict[str, str]:
    """Return the texts of the scene by path."""
    found = {path: json.dumps(document) for path, document in fault_scene().items()}
    return {**found, f"/flow/{FLOW}": "{}"}
