"""The Tango devices' entries, and JSON at any path."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import ConfigCollision, ConfigVanished
from ska_sdp_config.config import Config


def test_the_controller_takes_no_key(config: Config) -> None:
    for txn in config.txn():
        assert txn.controller.get() is None
        with pytest.raises(ConfigVanished):
            txn.controller.update({})
        txn.controller.create({"state": "OFF"})
        with pytest.raises(ConfigCollision):
            txn.controller.create({})
        txn.controller.create_or_update({"state": "ON"})
    for txn in config.txn():
        assert txn.controller.exists()
        assert txn.controller.get() == txn.get_controller() == {"state": "ON"}
        txn.controller.delete()
        assert txn.controller.get() is None


def test_subarrays(config: Config) -> None:
    for txn in config.txn():
        assert txn.subarray.list_keys() == []
        txn.subarray.create("02", {"state": "ON"})
        txn.subarray("01").create({"state": "OFF"})
        txn.subarray.create_or_update("10", {})
    for txn in config.txn():
        subarray = txn.subarray
        assert subarray.list_keys() == list(subarray.query_keys()) == ["01", "02", "10"]
        assert subarray.list_keys(prefix="0") == ["01", "02"]
        assert subarray.list_values() == list(subarray.query_values())
        assert dict(subarray.list_values("0")) == {"01": {"state": "OFF"}, "02": {"state": "ON"}}
        subarray.update("01", {"state": "FAULT"})
        assert subarray("01").get() == subarray.get("01") == {"state": "FAULT"}
        assert subarray.exists("10")
        subarray.delete("10")
        assert not subarray.exists("10")


@pytest.mark.parametrize("value", [{"a": {"b": [1, None]}}, [], "text", 5, 1.5, True, {}])
def test_arbitrary_values(config: Config, value: Any) -> None:
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert arbitrary.get("/resource/capacity-buffer") is None
        arbitrary.create("/resource/capacity-buffer", value)
        assert arbitrary("/resource/capacity-buffer").get() == value
        arbitrary.create_or_update("/resource/capacity-buffer", [value])
        arbitrary("/x").create(None)
    for txn in config.txn():
        arbitrary = txn.arbitrary
        assert arbitrary.get("/resource/capacity-buffer") == [value]
        assert arbitrary.list_keys("/resource/") == ["/resource/capacity-buffer"]
        assert arbitrary.list_keys(recurse=1) == ["/resource/capacity-buffer", "/x"]
        assert arbitrary.exists("/x")
        arbitrary.delete("/x")
        arbitrary.delete("/resource/capacity-buffer")
        with pytest.raises(ConfigVanished):
            arbitrary.update("/x", 1)
