"""The chart, rendered."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.chart.rendering import VALUE_SETS, Objects, Renderer, values_of


@pytest.fixture(scope="session")
def render() -> Iterator[Renderer]:
    """Renders values."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        yield Renderer(process)


@pytest.fixture(scope="session", params=VALUE_SETS, ids=lambda path: path.name[:-12])
def objects(request: pytest.FixtureRequest, render: Renderer) -> Objects:
    """What each of the chart's sets of values makes."""
    return render(values_of(request.param))
