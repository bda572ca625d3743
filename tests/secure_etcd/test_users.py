"""Users of a real etcd: made, enforced, left alone the second time, mended where they differ."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from pyetcd import etcdrpc

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.backend.etcd3 import Settings
from ska_sdp_lmc.secure_etcd.server import UserStore
from tests.secure_etcd.secured import CHEAP, SUBARRAYS, Secured, run
from tests.services.versions import NEWER_ONLY, Start

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


def lines(output: str) -> list[str]:
    return output.splitlines()


def store_of_root(secured: Secured) -> UserStore:
    way = secured.way_of("root")
    return UserStore(
        Settings.load(
            host=way["SDP_CONFIG_HOST"],
            port=way["SDP_CONFIG_PORT"],
            protocol="https",
            cert=way["SDP_CONFIG_CERT"],
            username="root",
            password=way["SDP_CONFIG_PASSWORD"],
        )
    )


def test_made_enforced_and_left_alone(open_etcd: Secured) -> None:
    told = open_etcd.users("--dry-run")
    assert not open_etcd.passwords.exists()
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    assert [line.removeprefix("would change: ") for line in lines(told.output)] == lines(
        done.output
    )
    assert lines(done.output)[-2].startswith("users enforced at")

    files = {file.name: file for file in open_etcd.passwords.iterdir()}
    assert files.keys() == USERS
    for file in files.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in told.output + done.output
    assert len({file.read_text() for file in files.values()}) == len(USERS)

    before = {name: file.read_bytes() for name, file in files.items()}
    for options in ([], ["--dry-run"]):
        again = open_etcd.users(*options)
        assert (again.exit_code, again.output) == (0, "0 changes\n")
    assert {file.name: file.read_bytes() for file in open_etcd.passwords.iterdir()} == before


def test_goes_on_where_an_earlier_run_was_interrupted(open_etcd: Secured) -> None:
    """With a password chosen by hand, a role half made, and a user without it."""
    open_etcd.passwords.mkdir()
    chosen = open_etcd.passwords / "operator"
    chosen.write_text("of my own choice\n")
    chosen.chmod(0o600)
    with UserStore(
        Settings.load(
            host=open_etcd.etcd.endpoint, protocol="https", cert=str(open_etcd.authority)
        )
    ) as store:
        store.add_role("operator")
        store.grant("operator", (etcdrpc.Permission.READWRITE, b"\0", b"\0"))
        store.add_user("operator", "another")
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    assert "role operator changed: 106 rights more, 1 less" in done.output
    assert "user operator given role operator" in done.output
    assert f"password of user operator set to that in {chosen}" in done.output
    with open_etcd.config_of("operator") as config:
        for txn in config.txn():
            txn.create_script("batch", "a", "1", {"image": "a"})


@NEWER_ONLY
def test_mends_what_has_changed_while_users_are_enforced(open_etcd: Secured) -> None:
    open_etcd.users()
    with store_of_root(open_etcd) as store:
        store.set_password("dashboard", "forgotten")
        store.grant("helmdeploy", (etcdrpc.Permission.READWRITE, b"2/script/", b"2/script0"))
        store.add_to_role("dashboard", "operator")
    done = open_etcd.users()
    assert done.exit_code == 0, done.output
    assert "role helmdeploy changed: 0 rights more, 1 less" in done.output
    assert "password of user dashboard set" in done.output
    assert "user dashboard also has role operator, which stays" in done.output
    assert "2 changes" in done.output
    with open_etcd.config_of("dashboard") as config:
        for txn in config.txn():
            assert txn.list_scripts() == []


@NEWER_ONLY
def test_more_subarrays_and_another_system(open_etcd: Secured) -> None:
    open_etcd.users()
    more = open_etcd.users("--subarrays", str(SUBARRAYS + 1))
    assert lines(more.output)[-1] == "3 changes"
    assert "user lmc-subarray-03 made" in more.output
    other = open_etcd.users("--prefix", "/low")
    assert other.exit_code == 0, other.output
    assert "user low-lmc-subarray-01 made, with sdp-read, low-lmc-subarray-01" in other.output
    assert "sdp-read made" not in other.output


@NEWER_ONLY
def test_what_cannot_be_is_told_in_a_sentence(open_etcd: Secured) -> None:
    open_etcd.users()
    root = open_etcd.passwords / "root"

    def fault() -> str:
        result = open_etcd.users()
        assert result.exit_code == 1
        assert "Traceback" not in result.output
        assert len(lines(result.output)) == 1
        return result.output

    root.chmod(0o640)
    assert "chmod 600" in fault()
    root.chmod(0o600)
    root.write_text("wrong\n")
    assert "refused the login of user 'root'" in fault()
    root.write_text("\n")
    assert "is empty" in fault()
    root.unlink()
    assert f"write it to {root}" in fault()
    assert not root.exists()
    result = run("users", str(open_etcd.passwords), SDP_CONFIG_PORT="nowhere")
    assert "SDP_CONFIG_PORT" in result.output


@NEWER_ONLY
def test_without_tls_it_says_so(start: Start, tmp_path: Path) -> None:
    server = start(**CHEAP)
    result = run("users", str(tmp_path / "passwords"), SDP_CONFIG_HOST=server.endpoint)
    assert result.exit_code == 0, result.output
    assert "reached without TLS" in result.output


def test_a_stranger_is_refused(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    run("certificates", str(other))

    def words(**arguments: Any) -> str:
        with (
            Config(host=secured.etcd.endpoint, **arguments) as config,
            pytest.raises(ConfigConnectionError) as refused,
        ):
            config.backend.get("/a")
        return str(refused.value)

    trusted = str(secured.authority)
    login = {"username": "operator", "password": "wrong"}
    assert "SDP_CONFIG_PROTOCOL=https" in words()
    assert "is not signed" in words(protocol="https", cert=str(other / "ca.pem"))
    assert "is not signed" in words(protocol="https")
    assert "asks for a login" in words(protocol="https", cert=trusted)
    assert "refused the login" in words(protocol="https", cert=trusted, **login)


@NEWER_ONLY
def test_a_certificate_is_as_good_as_a_password(
    program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where clients must show certificates, etcd takes the name in it for the user's."""
    directory = tmp_path_factory.mktemp("mutual")
    secured = Secured(program, directory, mutual=True)
    clients = secured.certificates / "clients"

    def way(name: str) -> dict[str, Any]:
        return {
            "protocol": "https",
            "cert": str(secured.authority),
            "client_cert": str(clients / f"{name}.pem"),
            "client_key": str(clients / f"{name}.key"),
        }

    def script_by(name: str) -> None:
        with Config(host=secured.etcd.endpoint, **way(name)) as config:
            for txn in config.txn():
                txn.create_script("batch", name, "1", {"image": "a"})

    with secured.etcd:
        made = run(
            *("users", str(secured.passwords)),
            **secured.way(),
            SDP_CONFIG_CLIENT_CERT=str(clients / "operator.pem"),
            SDP_CONFIG_CLIENT_KEY=str(clients / "operator.key"),
        )
        assert made.exit_code == 0, made.output
        script_by("operator")
        with pytest.raises(ConfigConnectionError, match="permission denied"):
            script_by("dashboard")
        with (
            Config(
                host=secured.etcd.endpoint, protocol="https", cert=str(secured.authority)
            ) as config,
            pytest.raises(ConfigConnectionError),
        ):
            config.backend.get("/a")


def test_etcd_takes_a_new_certificate_by_itself(open_etcd: Secured) -> None:
    place, etcd = str(open_etcd.certificates), open_etcd.etcd

    def shown() -> str:
        return ssl.get_server_certificate((etcd.host, etcd.port), timeout=60).strip()

    before = shown()
    again = run("certificates", place, "--server", "etcd=127.0.0.1,other.example")
    assert "for other names" in again.output
    assert shown() != before
    assert shown() == (open_etcd.certificates / "servers/etcd.pem").read_text().strip()
