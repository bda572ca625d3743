"""The library and the command line on a server with client certificates and logins."""

from __future__ import annotations

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from tests.secure_etcd.secured import Secured
from tests.services.versions import EVERY_VERSION, NEWER_ONLY

SCRIPTS = ("first", "second")


def create_script(config: Config, name: str, version: str) -> None:
    for txn in config.txn():
        txn.create_script("batch", name, version, {"image": "a"})


@pytest.mark.long
@EVERY_VERSION
@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_transactions_watchers_leases_and_commands_work(
    secured: Secured, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
    # Both transports share the server, and a script's name has no underscore.
    version = {"etcd3": "1.0.0", "etcd3_revolution1": "2.0.0"}[backend]
    with secured.config_of("operator") as config, secured.config_of("dashboard") as reader:
        seen: list[str] = []
        for watcher in reader.watcher(timeout=60):
            for txn in watcher.txn():
                found = {key[1] for key in txn.list_scripts() if key[2] == version}
            seen.append(f"{len(found)} scripts")
            if len(found) == len(SCRIPTS):
                break
            create_script(config, SCRIPTS[len(found)], version)
        assert seen == ["0 scripts", "1 scripts", "2 scripts"]
        with config.lease(10) as lease:
            config.backend.create("/eb/eb-leased-20260101-00000/owner", "{}", lease)
        assert config.backend.get("/eb/eb-leased-20260101-00000/owner")[0] is None
        with pytest.raises(ConfigConnectionError, match="permission denied"):
            create_script(reader, "third", version)
    done = secured.run_as(
        "dashboard", "ska-sdp", "list", "script", "-o", "name", SDP_CONFIG_BACKEND=backend
    )
    assert done.returncode == 0, done.stderr
    assert {f"/script/batch:{name}:{version}" for name in SCRIPTS} <= set(done.stdout.split())


@NEWER_ONLY
@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_client_that_connected_before_users_were_enabled_logs_in(
    open_etcd: Secured, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a client with a certificate etcd reports a missing login as a denied permission."""
    monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
    open_etcd.choose_password("operator", "chosen beforehand")
    with open_etcd.config_of("operator") as config:
        create_script(config, "before", "1.0.0")
        assert open_etcd.users().exit_code == 0
        create_script(config, "after", "1.0.0")
        for txn in config.txn():
            assert len(txn.list_scripts()) == 2
