"""An upgrade cannot change the number of members: each would become a separate database."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from tests.chart.kubernetes_api import kubernetes_api
from tests.chart.rendering import Renderer


def values(members: int) -> dict[str, Any]:
    return {"etcd": {"replicas": members}}


@pytest.mark.parametrize(("current", "wanted"), [(1, 3), (3, 1)])
def test_change_of_members_is_rejected(render: Renderer, current: int, wanted: int) -> None:
    existing = render(values(current)).only("StatefulSet", "-etcd")
    with kubernetes_api(existing) as api:
        with pytest.raises(helm_python.HelmError) as rejected:
            render.render_for(api, values(wanted))
        # The values are valid for an external etcd.
        elsewhere = render.render_for(api, {"etcd": {"host": "etcd", **values(wanted)["etcd"]}})
    assert f"etcd.replicas is {wanted}, but " in str(rejected.value)
    assert f"made with {current}," in str(rejected.value)
    assert "docs/operations/replace-etcd.md" in str(rejected.value)
    assert ("StatefulSet", existing["metadata"]["name"]) not in elsewhere.by_name


def test_same_members_are_accepted_during_a_restore(render: Renderer) -> None:
    existing = render(values(3)).only("StatefulSet", "-etcd")
    existing["spec"]["replicas"] = 0
    with kubernetes_api(existing) as api:
        found = render.render_for(api, values(3)).only("StatefulSet", "-etcd")
    assert found["spec"]["replicas"] == 3


def test_any_members_are_accepted_without_an_etcd(render: Renderer) -> None:
    with kubernetes_api() as api:
        for members in (1, 3):
            found = render.render_for(api, values(members)).only("StatefulSet", "-etcd")
            assert found["spec"]["replicas"] == members
