"""Passwords and tokens stay out of logs and errors."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.drivers.etcd.login import Login, Metadata
from tests.secure_etcd.secured import Secured
from tests.services.versions import NEWER_ONLY
from tests.support.waiting import CALL

WRONG = "a-wrong-password"


@NEWER_ONLY
@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_login_leaves_no_secret_in_logs_and_errors(
    secured: Secured,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
    metadata = Login.metadata
    tokens: list[str] = []

    def record(login: Login, authenticate: Callable[[float], str], timeout: float) -> Metadata:
        if not tokens:
            # The server rejects the first token, as if it had expired.
            tokens.append("an-expired-token")
            return metadata(login, lambda seconds: tokens[0], timeout)
        found = metadata(login, authenticate, timeout)
        tokens.extend(value for name, value in found if name == "token")
        return found

    monkeypatch.setattr(Login, "metadata", record)
    errors = []
    with secured.config_of("dashboard") as config:
        assert config.backend.get("/a")[0] is None
        with pytest.raises(ConfigConnectionError, match="permission denied") as caught:
            config.backend.create("/a", "1")
        errors.append(caught.value)
    login = {"username": "dashboard", "password": WRONG}
    with Config(**secured.arguments() | login, timeout=CALL) as config:
        with pytest.raises(ConfigConnectionError, match="rejected the login") as caught:
            config.backend.get("/a")
        errors.append(caught.value)
    password = secured.variables_of("dashboard")["SDP_CONFIG_PASSWORD"]
    assert len(tokens) > 1
    assert "logging in again" in caplog.text
    texts = [caplog.text, *map(str, errors), *map(repr, errors)]
    for secret in (password, WRONG, *tokens):
        assert not [text for text in texts if secret in text]
