"""Fixture: the local stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ska_sdp_sim.stack.local import Layout, LocalStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A running stack of two subarrays, with health endpoints.

    A test that breaks a part restarts it.
    """
    with LocalStack(tmp_path_factory.mktemp("stack"), Layout(subarrays=2, health=True)) as stack:
        yield stack
