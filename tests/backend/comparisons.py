"""The comparisons of the gateway's watch."""

from __future__ import annotations

import pytest

from ska_sdp_config.drivers.etcd.gateway import watch as gateway_watch


def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Holds the pause after each comparison that a watch begun from now on has done."""
    done: list[float] = []
    compare = gateway_watch.GatewayWatch._compare

    def compare_and_tell(watch: gateway_watch.GatewayWatch) -> float:
        done.append(compare(watch))
        return done[-1]

    monkeypatch.setattr(gateway_watch.GatewayWatch, "_compare", compare_and_tell)
    return done
