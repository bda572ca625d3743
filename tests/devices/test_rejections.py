"""Publication of rejections by a real etcd, and of their end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import tango
from pyetcd import etcdrpc

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.health import reasons
from tests.support.in_time import on_time
from tests.support.quota import fill, make_room
from tests.support.users import PASSWORD, USER, administrator
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY
from .conftest import Serve, ServeOn, rejection

SHOWN_WITHIN = 6.0
"""Seconds from the first rejection until healthState is FAILED."""


def shown(subarray: Any) -> str:
    """The first sentence of healthInfo, while healthState is FAILED."""
    is_failed = subarray.healthState == HealthState.FAILED
    return (subarray.healthInfo or ("",))[0] if is_failed else ""


def wait_for_text(subarray: Any, expected: str, began: float) -> None:
    wait_until(lambda: expected in shown(subarray), what=expected)
    took = time.monotonic() - began
    on_time(took < SHOWN_WITHIN, f"it was shown after {took:.2f} s")


def test_full_database_is_published_until_it_has_space(
    etcd_server: Callable[..., Etcd],
    serve_on: ServeOn,
    health: str,
    health_settings: dict[str, str],
) -> None:
    etcd = etcd_server(quota_backend_bytes=2_000_000)
    subarray = serve_on(etcd, **health_settings).connected()
    assert subarray.healthState == HealthState.OK
    with Etcd3Backend(host=etcd.endpoint) as backend:
        fill(backend)
    began = time.monotonic()
    assert "is full (etcdserver: mvcc: database space exceeded)" in rejection(subarray.On)[1]
    wait_for_text(subarray, "is full (etcdserver: mvcc: database space exceeded)", began)
    assert "compact and defragment it and disarm its alarm" in shown(subarray)
    assert ", since 2" in shown(subarray)
    assert subarray.state() == tango.DevState.OFF
    assert "is full" in reasons(health)["database"]["text"]
    assert reasons(health, "/livez") == {}
    make_room(etcd)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    assert not subarray.healthInfo
    assert reasons(health) == {}
    subarray.On()
    assert subarray.state() == tango.DevState.ON


@pytest.mark.long
@pytest.mark.parametrize(
    ("settings", "expected", "advice"),
    [
        pytest.param(
            {"SDP_CONFIG_USERNAME": "guest", "SDP_CONFIG_PASSWORD": PASSWORD},
            "does not let user 'guest' do this (etcdserver: permission denied)",
            "grant the user a role",
            id="permission denied",
        ),
        pytest.param(
            {"SDP_CONFIG_USERNAME": "guest", "SDP_CONFIG_PASSWORD": "wrong"},
            "rejected the login of user 'guest'",
            "check SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD",
            id="wrong password",
        ),
        pytest.param(
            {},
            "requires a login",
            "set SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD",
            id="no login",
        ),
    ],
)
def test_missing_rights_are_published_before_first_view(
    etcd_server: Callable[..., Etcd],
    serve_on: ServeOn,
    settings: dict[str, str],
    expected: str,
    advice: str,
) -> None:
    etcd = etcd_server(auth_token="simple", bcrypt_cost=4)
    with administrator(etcd.endpoint) as admin:
        subarray = serve_on(etcd, **settings).proxy(SUBARRAY)
        began = time.monotonic()
        wait_for_text(subarray, expected, began)
        assert advice in shown(subarray)
        assert subarray.state() == tango.DevState.INIT
        assert expected in subarray.status()
        assert advice in subarray.status()
        _, text = rejection(subarray.On)
        assert expected in text
        assert "does not answer" not in text
        admin.log_in()
        if settings:
            admin.change_password("guest", settings["SDP_CONFIG_PASSWORD"])
            admin.grant_role("guest", "all")
        else:
            admin.disable()
        wait_until(lambda: subarray.state() == tango.DevState.OFF)
        wait_until(lambda: subarray.healthState == HealthState.OK)
        assert subarray.status() == "OFF, EMPTY"
        subarray.On()


@pytest.mark.long
def test_revoked_right_is_published(etcd_server: Callable[..., Etcd], serve_on: ServeOn) -> None:
    """The user may still read, but not write execution blocks."""
    etcd = etcd_server(auth_token="simple", bcrypt_cost=4)
    login = {"SDP_CONFIG_USERNAME": USER, "SDP_CONFIG_PASSWORD": PASSWORD}
    with administrator(etcd.endpoint) as admin:
        subarray = serve_on(etcd, **login).proxy(SUBARRAY)
        wait_until(lambda: subarray.healthState == HealthState.OK)
        admin.log_in()
        for key in (b"2/lmc/", b"3/lmc/", b"2/component/", b"3/component/", b"token/"):
            admin.grant(USER, key, etcdrpc.Permission.READWRITE, prefix=True)
        admin.grant(USER, b"\0", etcdrpc.Permission.READ, prefix=True)
        admin.revoke_role(USER, "all")
        wait_until(lambda: "permission denied" in shown(subarray))
        # A command that needs none of the missing rights is executed.
        subarray.On()
        admin.grant_role(USER, "all")
        wait_until(lambda: subarray.healthState == HealthState.OK)


@pytest.mark.long
@pytest.mark.parametrize("halt", [Etcd.stop, Etcd.pause], ids=["stopped", "silent"])
def test_rejection_names_health_state_only_if_it_is_failed(
    serve: Serve, broken_etcd: Etcd, halt: Callable[[Etcd], None]
) -> None:
    broken_etcd.start()
    subarray = serve().proxy(SUBARRAY)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    halt(broken_etcd)
    seen = []
    end = time.monotonic() + 30
    while time.monotonic() < end:
        before = subarray.healthState
        _, text = rejection(subarray.On)
        seen.append((before, "healthState" in text))
        if before == HealthState.FAILED:
            break
        # It may have become FAILED in the meantime.
        if subarray.healthState != HealthState.FAILED:
            assert "healthState" not in text
    assert seen[-1] == (HealthState.FAILED, True)
    on_time(len(seen) > 1, "no command was rejected before healthState was FAILED")
    broken_etcd.resume()
