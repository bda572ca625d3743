"""Check for the optional packages of a program."""

from __future__ import annotations

import sys

import pytest

from ska_sdp_lmc.extras import MODULES, is_installed, require


@pytest.mark.parametrize(
    ("absent", "extras", "message"),
    [
        ((), ("tango", "local"), None),
        (("databaseds",), ("tango",), None),
        (
            ("prometheus_client",),
            ("tango", "local"),
            (
                "program: not installed: prometheus_client. Install ska-sdp-lmc with the extra "
                "'tango', in its clone: pip install '.[tango]'"
            ),
        ),
        (
            ("tango", "prometheus_client", "databaseds"),
            ("tango", "local"),
            (
                "program: not installed: tango, prometheus_client, databaseds. Install "
                "ska-sdp-lmc with the extras 'tango' and 'local', in its clone: "
                "pip install '.[tango,local]'"
            ),
        ),
    ],
)
def test_error_of_missing_package_names_extra(
    absent: tuple[str, ...],
    extras: tuple[str, ...],
    message: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (name for names in MODULES.values() for name in names):
        monkeypatch.delitem(sys.modules, module, raising=False)
    for module in absent:
        # The import system treats None as a module that does not exist.
        monkeypatch.setitem(sys.modules, module, None)
    if message is None:
        require("program", *extras)
        return
    with pytest.raises(SystemExit) as ended:
        require("program", *extras)
    assert ended.value.code == message


@pytest.mark.parametrize("module", MODULES["web"])
def test_extra_is_not_installed_without_one_of_its_packages(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_installed("web")
    monkeypatch.setitem(sys.modules, module, None)
    assert not is_installed("web")
