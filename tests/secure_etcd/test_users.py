"""Command ``secure-etcd users`` on a real etcd."""

from __future__ import annotations

import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from pyetcd import etcdrpc

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_lmc.ops.secure_etcd.server import UserStore
from tests.secure_etcd.secured import SUBARRAYS, Secured, run
from tests.services.versions import NEWER_FIRST, NEWER_ONLY, Start

USERS = {
    "root",
    "lmc-controller",
    "lmc-subarray-01",
    "lmc-subarray-02",
    "proccontrol",
    "helmdeploy",
    "script",
    "operator",
    "stand-in",
    "dashboard",
}


def store_of_root(secured: Secured) -> UserStore:
    password = (secured.passwords / "root").read_text().strip()
    return UserStore(Settings.load(**secured.arguments(), username="root", password=password))


@NEWER_FIRST
def test_users_are_created_and_enforced_once(open_etcd: Secured) -> None:
    planned = open_etcd.users("--dry-run")
    assert not open_etcd.passwords.exists()
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    changes = done.output.splitlines()
    assert planned.output.replace("would change: ", "").splitlines() == changes
    assert changes[-2].startswith("authentication enabled at")

    files = {file.name: file for file in open_etcd.passwords.iterdir()}
    assert files.keys() == USERS
    for file in files.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in planned.output + done.output
    assert len({file.read_text() for file in files.values()}) == len(USERS)

    before = {name: file.read_bytes() for name, file in files.items()}
    for options in ([], ["--dry-run"]):
        again = open_etcd.users(*options)
        assert (again.exit_code, again.output) == (0, "0 changes\n")
    assert {file.name: file.read_bytes() for file in open_etcd.passwords.iterdir()} == before


@NEWER_FIRST
def test_users_completes_an_interrupted_run(open_etcd: Secured) -> None:
    """The operator chose a password; its role is incomplete, and its user does not have it."""
    chosen = open_etcd.choose_password("operator", "of my own choice")
    with UserStore(Settings.load(**open_etcd.arguments())) as store:
        store.add_role("operator")
        store.grant("operator", (etcdrpc.Permission.READWRITE, b"\0", b"\0"))
        store.add_user("operator", "another")
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    assert "role operator changed: 137 rights added, 1 removed" in done.output
    assert "role operator granted to user operator" in done.output
    assert f"password of user operator set to that in {chosen}" in done.output
    with open_etcd.config_of("operator") as config:
        for txn in config.txn():
            txn.create_script("batch", "a", "1", {"image": "a"})


@NEWER_ONLY
def test_users_repairs_passwords_and_rights(open_etcd: Secured) -> None:
    open_etcd.users()
    with store_of_root(open_etcd) as store:
        store.set_password("dashboard", "outdated")
        store.grant("helmdeploy", (etcdrpc.Permission.READWRITE, b"2/script/", b"2/script0"))
        store.add_to_role("dashboard", "operator")
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    assert "role helmdeploy changed: 0 rights added, 1 removed" in done.output
    assert "password of user dashboard set" in done.output
    assert "user dashboard also has role operator, which is kept" in done.output
    assert "2 changes" in done.output
    with open_etcd.config_of("dashboard") as config:
        for txn in config.txn():
            assert txn.list_scripts() == []


@NEWER_ONLY
def test_users_adds_subarrays_and_systems(open_etcd: Secured) -> None:
    open_etcd.users()
    more = open_etcd.users("--subarrays", str(SUBARRAYS + 1))
    assert more.output.splitlines()[-1] == "3 changes"
    assert "user lmc-subarray-03 created" in more.output
    other = open_etcd.users("--prefix", "/low")
    assert other.exit_code == 0, other.output
    assert "user low-lmc-subarray-01 created, with sdp-read, low-lmc-subarray-01" in other.output
    assert "sdp-read created" not in other.output


@NEWER_ONLY
def test_users_reports_a_fault_in_one_line(open_etcd: Secured) -> None:
    open_etcd.users()
    root = open_etcd.passwords / "root"

    def fault() -> str:
        result = open_etcd.users()
        assert result.exit_code == 1
        assert "Traceback" not in result.output
        assert len(result.output.splitlines()) == 1
        return result.output

    root.chmod(0o640)
    assert "chmod 600" in fault()
    root.chmod(0o600)
    root.write_text("wrong\n")
    assert "rejected the login of user 'root'" in fault()
    root.write_text("\n")
    assert "is empty" in fault()
    root.unlink()
    assert f"write it to {root}" in fault()
    assert not root.exists()
    result = run("users", str(open_etcd.passwords), SDP_CONFIG_PORT="nowhere")
    assert "SDP_CONFIG_PORT" in result.output


@NEWER_ONLY
def test_users_warns_without_tls(start: Start, tmp_path: Path) -> None:
    server = start()
    result = run("users", str(tmp_path / "passwords"), SDP_CONFIG_HOST=server.endpoint)
    assert result.exit_code == 0, result.output
    assert "has no TLS" in result.output


@pytest.mark.long
def test_stranger_is_rejected_with_the_setting_to_correct(
    secured: Secured, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    run("certificates", str(other))

    def words(**arguments: Any) -> str:
        with Config(**arguments) as config, pytest.raises(ConfigConnectionError) as rejected:
            config.backend.get("/a")
        return str(rejected.value)

    ours = secured.arguments()
    login = {"username": "operator", "password": "wrong"}
    assert "'ska-sdp doctor'" in words(**ours | {"protocol": "http"})
    assert "SDP_CONFIG_CERT" in words(**ours | {"cert": str(other / "ca.pem")})
    assert "SDP_CONFIG_CERT" in words(**ours | {"cert": None})
    assert "'ska-sdp doctor'" in words(**ours | {"client_cert": None, "client_key": None})
    assert "requires a login" in words(**ours)
    assert "rejected the login" in words(**ours, **login)


def test_etcd_reloads_its_certificate(open_etcd: Secured) -> None:
    place, etcd = str(open_etcd.certificates), open_etcd.etcd

    def shown() -> str:
        context = ssl.create_default_context(cafile=str(open_etcd.authority))
        context.load_cert_chain(*open_etcd.client_pair)
        with (
            socket.create_connection((etcd.host, etcd.port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname=etcd.host) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return ssl.DER_cert_to_PEM_cert(certificate).strip()

    before = shown()
    again = run("certificates", place, "--server", "etcd=127.0.0.1,other.example")
    assert "for other names" in again.output
    assert shown() != before
    assert shown() == (open_etcd.certificates / "servers/etcd.pem").read_text().strip()
