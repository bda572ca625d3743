"""An upgrade does not change how many members etcd has: each would be a database of its own."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from tests.chart.kubernetes_api import answering_for
from tests.chart.rendering import Renderer


def values(members: int) -> dict[str, Any]:
    return {"etcd": {"replicas": members}}


@pytest.mark.parametrize(("there", "wanted"), [(1, 3), (3, 1)])
def test_another_number_is_refused_while_there_is_an_etcd(
    render: Renderer, there: int, wanted: int
) -> None:
    held = render(values(there)).only("StatefulSet", "-etcd")
    with answering_for(held) as api:
        with pytest.raises(helm_python.HelmError) as refused:
            render.looking_into(api, values(wanted))
        # It can be given to another etcd.
        elsewhere = render.looking_into(api, {"etcd": {"host": "etcd", **values(wanted)["etcd"]}})
    assert f"etcd.replicas is {wanted}, but " in str(refused.value)
    assert f"made with {there}," in str(refused.value)
    assert "docs/operations/replace-etcd.md" in str(refused.value)
    assert ("StatefulSet", held["metadata"]["name"]) not in elsewhere.by_name


def test_the_same_number_is_taken_also_during_a_restore(render: Renderer) -> None:
    held = render(values(3)).only("StatefulSet", "-etcd")
    held["spec"]["replicas"] = 0
    with answering_for(held) as api:
        found = render.looking_into(api, values(3)).only("StatefulSet", "-etcd")
    assert found["spec"]["replicas"] == 3


def test_any_number_is_taken_once_the_old_etcd_is_deleted(render: Renderer) -> None:
    with answering_for() as api:
        for members in (1, 3):
            found = render.looking_into(api, values(members)).only("StatefulSet", "-etcd")
            assert found["spec"]["replicas"] == members
