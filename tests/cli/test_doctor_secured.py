"""`ska-sdp doctor` on servers with users and TLS: faults and advice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from ska_sdp_sim.stack.etcd import Flag
from tests.services.versions import EtcdOf, Secrets
from tests.support.certificates import Authority, Pair, mutual_flags
from tests.support.in_time import in_time
from tests.support.users import PASSWORD, ROOT_PASSWORD, USER, Administrator, simple_tokens
from tests.support.waiting import LATE

from .conftest import BACKENDS, Result, run_here

# Before 3.5.30 every user may read the status of a server.
pytestmark = pytest.mark.parametrize("program", ["3.5", "3.5.30"], indirect=True)


class Guarded:
    """An etcd with users that demands client certificates."""

    def __init__(self, program: str, directory: Path) -> None:
        self.authority = Authority(directory)
        self.client: Pair = self.authority.pair("client.example")
        self.named: Pair = self.authority.pair("named.example", common_name="operator")
        server = self.authority.pair("localhost", "127.0.0.1")
        flags: dict[str, Flag] = simple_tokens(300) | mutual_flags(server, self.authority)
        self.etcd = EtcdOf(
            program, directory, flags=flags, secrets=Secrets(self.authority.file, self.client.both)
        )

    def enable_users(self) -> None:
        credentials = grpc.ssl_channel_credentials(
            self.authority.file.read_bytes(),
            self.client.key.read_bytes(),
            self.client.certificate.read_bytes(),
        )
        with grpc.secure_channel(self.etcd.endpoint, credentials) as channel:
            Administrator(channel)

    def doctor(self, backend: str, user: str = "", password: str = "", **other: str) -> Result:
        """Run doctor, optionally with other environment variables."""
        env = {
            "SDP_CONFIG_BACKEND": backend,
            "SDP_CONFIG_PROTOCOL": "https",
            "SDP_CONFIG_CERT": str(self.authority.file),
            "SDP_CONFIG_CLIENT_CERT": str(self.client.certificate),
            "SDP_CONFIG_CLIENT_KEY": str(self.client.key),
            "SDP_CONFIG_USERNAME": user,
            "SDP_CONFIG_PASSWORD": password,
        }
        return run_here(self.etcd, ["doctor", "-o", "json"], env | other)


@pytest.fixture(scope="module")
def guarded(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    guarded = Guarded(program, tmp_path_factory.mktemp("guarded"))
    with guarded.etcd:
        guarded.enable_users()
        yield guarded


@pytest.mark.long
@BACKENDS
def test_root_gets_the_status_of_a_secured_server(guarded: Guarded, backend: str) -> None:
    result = guarded.doctor(backend, "root", ROOT_PASSWORD)
    assert (result.code, result.err) == (0, "")
    found = {each["subject"]: each for each in result.document}
    assert {"database", "version", "clock", "store", "keys"} <= set(found)
    assert {found[each]["verdict"] for each in ("database", "clock", "store", "keys")} == {"ok"}
    assert not any("server" in each for each in found)
    assert " MiB of it in use" in found["store"]["text"]


@pytest.mark.long
@BACKENDS
def test_user_without_access_to_the_status_gets_a_warning(guarded: Guarded, backend: str) -> None:
    result = guarded.doctor(backend, USER, PASSWORD)
    assert (result.code, result.err) == (0, "")
    found = {each["subject"]: each for each in result.document}
    assert found["clock"]["verdict"] == "ok"
    assert found["version"]["text"].startswith("etcd 3.")
    if "3.5.30" in found["version"]["text"]:
        denied = found[f"server {guarded.etcd.endpoint}"]
        assert denied["verdict"] == "warning"
        assert denied["text"].startswith(f"user '{USER}' may not read its status")
        assert "root" in denied["advice"]
    else:
        assert found["store"]["verdict"] == "ok"


def test_certificate_with_a_common_name_is_reported(guarded: Guarded) -> None:
    pair = {
        "SDP_CONFIG_CLIENT_CERT": str(guarded.named.certificate),
        "SDP_CONFIG_CLIENT_KEY": str(guarded.named.key),
    }
    result = guarded.doctor("etcd3_revolution1", "root", ROOT_PASSWORD, **pair)
    assert result.code == 5
    fault = result.document[0]
    assert fault["text"].endswith("no client certificate with a common name")
    assert fault["advice"] == "use a certificate without one, or SDP_CONFIG_BACKEND=etcd3"


@pytest.mark.long
@BACKENDS
@pytest.mark.parametrize(
    ("settings", "text", "advice"),
    [
        ({"USERNAME": ""}, "requires a login", "set SDP_CONFIG_USERNAME and SDP_CONFIG_PASSWORD"),
        ({"PASSWORD": "wrong"}, "rejected the login of user", "check SDP_CONFIG_USERNAME and "),
        ({"CLIENT_CERT": "", "CLIENT_KEY": ""}, "requires a client certificate", "set SDP_CON"),
        ({"CERT": ""}, "not signed by an authority that is trusted", "name that authority's PEM"),
        ({"PROTOCOL": "http", "CERT": ""}, "speaks TLS", "set SDP_CONFIG_PROTOCOL=https"),
    ],
)  # fmt: skip
def test_advice_fits_the_fault(
    guarded: Guarded, backend: str, settings: dict[str, str], text: str, advice: str
) -> None:
    user = {"USERNAME": "root", "PASSWORD": ROOT_PASSWORD} | settings
    if not user["USERNAME"]:
        user["PASSWORD"] = ""
    other = {f"SDP_CONFIG_{name}": value for name, value in user.items()}
    # Settings that fit no server are found at once, and not after the timeout of a read, 60 s.
    with in_time(20 + LATE):
        result = guarded.doctor(backend, **other)
    assert result.code == 5
    faults = [each for each in result.document if each["verdict"] == "fault"]
    assert faults
    for each in faults:
        assert text in each["text"]
        assert each["advice"].startswith(advice)
