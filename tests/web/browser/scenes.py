"""Documents that the page shows in tests: a FAULT, and markup in each text that can have it."""

from __future__ import annotations

from typing import Any

from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, WAITING, fault_scene

ADDRESSES = {
    "science": {
        "vis0": {
            "function": "visibilities",
            "host": [[0, "node-0"], [2000, "node-1"]],
            "port": [[0, 9000, 1], [2000, 9000, 1]],
        }
    }
}
"""Channel 4321 is received at node-1, port 11321."""

FLOW = f"{FAILED}:data-queue:vis"

PAGES = (
    "/",
    "/subarrays/01",
    "/pbs",
    f"/pbs/{FAILED}",
    f"/ebs/{EB}",
    "/deployments",
    f"/deployments/{DEPLOYMENT}",
    "/flows",
    f"/flows/{FLOW}",
    "/log",
)
"""Addresses of all kinds of pages."""


def observed_fault() -> dict[str, Any]:
    """Return the scene with a FAULT, with resources, receive addresses, an edge and a flow."""
    scene = fault_scene()
    scene["/lmc/subarray/01"]["resources"] = {"receptors": ["SKA001", "SKA002"]}
    scene[f"/eb/{EB}"]["pb_receive_addresses"] = FAILED
    scene[f"/pb/{FAILED}/state"]["receive_addresses"] = ADDRESSES
    scene[f"/pb/{WAITING}"]["dependencies"] = [{"pb_id": FAILED, "kind": ["vis-receive"]}]
    scene[f"/flow/{FLOW}"] = {"data_model": "Visibility"}
    scene[f"/flow/{FLOW}/state"] = {"status": "FLOWING"}
    return scene
