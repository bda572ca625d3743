"""Fixtures: a running stack whose servers serve their metrics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ska_sdp_sim.stack.local import Layout, LocalStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A running stack of two subarrays, with health endpoints."""
    with LocalStack(tmp_path_factory.mktemp("stack"), Layout(subarrays=2, health=True)) as stack:
        yield stack
