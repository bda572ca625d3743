"""NOTES.txt: what was installed, how to reach it, and the first commands."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from click.testing import CliRunner

from ska_sdp_config.cli.program import program
from tests.chart.rendering import NAMESPACE, VALUE_SETS, Renderer, values_of


def notes(render: Renderer, values: dict[str, Any]) -> str:
    return render.texts(values)["ska-sdp-lmc/templates/NOTES.txt"]


@pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.name[:-12])
def test_notes_name_what_is_installed(render: Renderer, path: Any) -> None:
    values = values_of(path)
    text = notes(render, values)
    lmc = values.get("lmc", {})
    prefix, subarrays = lmc.get("prefix", "test"), lmc.get("nsubarray", 1)
    devices = re.findall(rf"^  ({prefix}-sdp/\S+)$", text, re.M)
    assert devices == [
        f"{prefix}-sdp/control/0",
        *(f"{prefix}-sdp/subarray/{number:02d}" for number in range(1, subarrays + 1)),
    ]
    assert "<no value>" not in text
    assert "\n\n\n" not in text
    if host := values.get("global", {}).get("tango_host"):
        assert f"Tango database: {host}\n" in text


@pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.name[:-12])
def test_commands_of_the_notes_refer_to_installed_objects(render: Renderer, path: Any) -> None:
    objects = render(values_of(path))
    text = notes(render, values_of(path)).replace("\\\n", " ")
    commands = [shlex.split(line) for line in re.findall(r"^  (kubectl .*)$", text, re.M)]
    assert commands
    for words in commands:
        assert words[1:3] == ["--namespace", NAMESPACE]
        for word in words:
            if word.startswith("deployment/"):
                assert ("Deployment", word.partition("/")[2]) in objects.by_name
        if "ska-sdp" in words:
            arguments = words[words.index("ska-sdp") + 1 :]
            assert CliRunner().invoke(program, [*arguments, "--help"]).exit_code == 0


def test_notes_warn_of_data_that_are_lost(render: Renderer) -> None:
    warning = "without persistent storage"
    assert warning not in notes(render, {})
    assert warning in notes(render, {"etcd": {"persistence": {"enabled": False}}})
    assert warning in notes(render, {"tangodb": {"persistence": {"enabled": False}}})
    # The persistence of a database that is not deployed has no effect.
    external = {"etcd": {"host": "etcd", "persistence": {"enabled": False}}}
    assert warning not in notes(render, external)


def test_notes_show_how_to_reach_exposed_devices(render: Renderer) -> None:
    command = f"kubectl --namespace {NAMESPACE} get services"
    assert command not in notes(render, {})
    assert command in notes(render, {"lmc": {"loadBalancer": True}})
    assert command in notes(render, {"global": {"exposeAllDS": True}})
