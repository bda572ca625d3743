"""Thread that compacts the history: an error that ends it is raised."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.faults.storage import FAULT_INTERVAL_S, Compactor
from tests.support.waiting import wait_until


def test_error_that_ends_the_compactions_is_raised() -> None:
    nothing: Any = SimpleNamespace(members=[])
    compactor = Compactor(nothing, nothing)
    compactor.interval_s = FAULT_INTERVAL_S

    def has_error() -> bool:
        try:
            compactor.check()
        except ZeroDivisionError:
            return True
        return False

    with pytest.raises(ZeroDivisionError), compactor:
        wait_until(has_error, what="the error is known before the end")
