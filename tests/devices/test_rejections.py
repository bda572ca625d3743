"""A database that answers and rejects is shown as such, and its return too; on a real etcd."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tango
from pyetcd import etcdrpc

from ska_sdp_config.backend import Etcd3Backend
from ska_sdp_lmc.model.states import HealthState
from ska_sdp_lmc.stack.etcd import Etcd
from ska_sdp_lmc.stack.ports import free_port
from tests.connection.test_refusals import fill, make_room
from tests.connection.users import PASSWORD, USER, administrator
from tests.in_time import on_time
from tests.services.health import reasons
from tests.waiting import wait_until

from .bare_server import SUBARRAY, Server

SHOWN_WITHIN = 6.0
"""Seconds from the first rejection until healthState is FAILED."""

ServeOn = Callable[..., Any]


@pytest.fixture
def serve_on(tmp_path: Path) -> Iterator[ServeOn]:
    """Starts a server of one subarray on an etcd, and gives the subarray."""
    with ExitStack() as servers:

        def begin(etcd: Etcd, **settings: str) -> Any:
            where = {"SDP_CONFIG_HOST": etcd.host, "SDP_CONFIG_PORT": str(etcd.port)}
            server = Server(tmp_path, [SUBARRAY], **where, **settings)
            servers.callback(server.stop)
            server.start()
            return server.proxy(SUBARRAY)

        yield begin


def rejection(call: Callable[[], Any]) -> str:
    with pytest.raises(tango.DevFailed) as caught:
        call()
    text: str = caught.value.args[0].desc
    return text


def shown(subarray: Any) -> str:
    """The first sentence of healthInfo, while healthState is FAILED."""
    is_failed = subarray.healthState == HealthState.FAILED
    return (subarray.healthInfo or ("",))[0] if is_failed else ""


def wait_for_words(subarray: Any, words: str, began: float) -> None:
    wait_until(lambda: words in shown(subarray), what=words)
    took = time.monotonic() - began
    on_time(took < SHOWN_WITHIN, f"it was shown after {took:.2f} s")


def test_a_full_database_is_shown_until_it_has_room(
    etcd_server: Callable[..., Etcd], serve_on: ServeOn
) -> None:
    etcd = etcd_server(quota_backend_bytes=2_000_000)
    health = f"127.0.0.1:{free_port('127.0.0.1')}"
    host, _, port = health.partition(":")
    subarray = serve_on(etcd, SDP_LMC_HEALTH_ADDRESS=host, SDP_LMC_HEALTH_PORT=port)
    wait_until(lambda: subarray.state() == tango.DevState.OFF)
    assert subarray.healthState == HealthState.OK
    with Etcd3Backend(host=etcd.endpoint) as backend:
        fill(backend)
    began = time.monotonic()
    assert "is full (etcdserver: mvcc: database space exceeded)" in rejection(subarray.On)
    wait_for_words(subarray, "is full (etcdserver: mvcc: database space exceeded)", began)
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
    ("settings", "words", "advice"),
    [
        pytest.param(
            {"SDP_CONFIG_USERNAME": "guest", "SDP_CONFIG_PASSWORD": PASSWORD},
            "does not let user 'guest' do this (etcdserver: permission denied)",
            "grant the user a role",
            id="permission denied",
        ),
        pytest.param(
            {"SDP_CONFIG_USERNAME": "guest", "SDP_CONFIG_PASSWORD": "wrong"},
            "refused the login of user 'guest'",
            "check SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD",
            id="wrong password",
        ),
        pytest.param(
            {},
            "asks for a login",
            "set SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD",
            id="no login",
        ),
    ],
)
def test_a_user_without_rights_is_shown_before_the_first_view(
    etcd_server: Callable[..., Etcd],
    serve_on: ServeOn,
    settings: dict[str, str],
    words: str,
    advice: str,
) -> None:
    etcd = etcd_server(auth_token="simple", bcrypt_cost=4)
    with administrator(etcd.endpoint) as admin:
        subarray = serve_on(etcd, **settings)
        began = time.monotonic()
        wait_for_words(subarray, words, began)
        assert advice in shown(subarray)
        assert subarray.state() == tango.DevState.INIT
        assert words in subarray.status()
        assert advice in subarray.status()
        text = rejection(subarray.On)
        assert words in text
        assert "does not answer" not in text
        admin.log_in()
        if settings:
            admin.change_password("guest", settings["SDP_CONFIG_PASSWORD"])
            admin.grant_role("guest", "all")
        else:
            admin.disable()
        wait_until(lambda: subarray.state() == tango.DevState.OFF)
        wait_until(lambda: subarray.healthState == HealthState.OK)
        assert subarray.status() == "The subarray is OFF."
        subarray.On()


@pytest.mark.long
def test_a_right_that_is_taken_away_is_shown(
    etcd_server: Callable[..., Etcd], serve_on: ServeOn
) -> None:
    """The user goes on reading, and may write no execution block any more."""
    etcd = etcd_server(auth_token="simple", bcrypt_cost=4)
    login = {"SDP_CONFIG_USERNAME": USER, "SDP_CONFIG_PASSWORD": PASSWORD}
    with administrator(etcd.endpoint) as admin:
        subarray = serve_on(etcd, **login)
        wait_until(lambda: subarray.healthState == HealthState.OK)
        admin.log_in()
        for key in (b"2/lmc/", b"3/lmc/", b"2/component/", b"3/component/", b"token/"):
            admin.grant(USER, key, etcdrpc.Permission.READWRITE, prefix=True)
        admin.grant(USER, b"\0", etcdrpc.Permission.READ, prefix=True)
        admin.revoke_role(USER, "all")
        wait_until(lambda: "permission denied" in shown(subarray))
        # A command that needs none of what is missing is carried out.
        subarray.On()
        admin.grant_role(USER, "all")
        wait_until(lambda: subarray.healthState == HealthState.OK)


@pytest.mark.long
@pytest.mark.parametrize("halt", [Etcd.stop, Etcd.pause], ids=["stopped", "silent"])
def test_a_rejection_names_healthState_only_once_it_is_failed(  # noqa: N802 - Tango's name
    serve: Callable[..., Server], broken_etcd: Etcd, halt: Callable[[Etcd], None]
) -> None:
    broken_etcd.start()
    subarray = serve().proxy(SUBARRAY)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    halt(broken_etcd)
    seen = []
    end = time.monotonic() + 30
    while time.monotonic() < end:
        before = subarray.healthState
        text = rejection(subarray.On)
        seen.append((before, "healthState" in text))
        if before == HealthState.FAILED:
            break
        # It may have become FAILED meanwhile.
        if subarray.healthState != HealthState.FAILED:
            assert "healthState" not in text
    assert seen[-1] == (HealthState.FAILED, True)
    on_time(len(seen) > 1, "no command was rejected before healthState was FAILED")
    broken_etcd.resume()
