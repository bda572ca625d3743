"""Record of the probes of watch streams."""

from __future__ import annotations

import pytest

from ska_sdp_config.drivers.etcd.watchdog import Watchdog


def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the revision that each later probe of a stream reads."""
    done: list[int] = []
    read_newest = Watchdog._read_newest

    def read(watchdog: Watchdog, timeout: float) -> int:
        done.append(read_newest(watchdog, timeout))
        return done[-1]

    monkeypatch.setattr(Watchdog, "_read_newest", read)
    return done
