"""Watch, confirmation and completion in a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import contents, environment, fill, update
from .terminal import Terminal, needs_tmux, open_terminal

pytestmark = needs_tmux

STORED = {
    "/eb/eb-a": {"status": "ACTIVE", "subarray_id": "01"},
    "/eb/eb-a/state": {"status": "ACTIVE"},
    "/script/batch:imaging:1.0.0": {"image": "registry/imaging:1.0.0"},
    "/script/realtime:receive:2.0.0": {"image": "registry/" + "x" * 120},
}

BASH = "bash --norc --noprofile"
ZSH = "zsh -f"
FISH = "fish --no-config"

START = {
    BASH: 'eval "$(ska-sdp completion bash)"; echo rea""dy',
    ZSH: 'autoload -Uz compinit && compinit -u -D; eval "$(ska-sdp completion zsh)"; echo rea""dy',
    FISH: "ska-sdp completion fish | source; echo rea''dy",
}


@pytest.fixture
def terminal(database: Config, etcd: Etcd, tmp_path: Path) -> Iterator[Terminal]:
    fill(database, STORED)
    with open_terminal(tmp_path, BASH, environment(etcd, {})) as opened:
        yield opened


def test_watch_prints_changes_until_ctrl_c(terminal: Terminal, database: Config) -> None:
    terminal.enter("ska-sdp watch /new; echo code $?")
    terminal.wait_for("There is nothing at /new yet: waiting, press Ctrl-C to stop.")
    fill(database, {"/new": {"n": 1}})
    terminal.wait_for('/new created {"n":1}')
    update(database, "/new", '{"n": 2}')
    terminal.wait_for("/new n 1 → 2")
    terminal.press("C-c")
    assert "Traceback" not in terminal.wait_for("code 0")


def test_delete_asks_on_the_terminal(terminal: Terminal, database: Config) -> None:
    terminal.enter("ska-sdp delete -a script; echo code $?")
    terminal.wait_for("Delete all script definitions: 2 keys below /script? Type yes:")
    terminal.enter("yes")
    assert "2 deleted" in terminal.wait_for("code 0")
    assert list(contents(database)) == ["/eb/eb-a", "/eb/eb-a/state"]


@pytest.mark.parametrize(
    "shell", [BASH, *(pytest.param(other, marks=pytest.mark.long) for other in (ZSH, FISH))]
)
def test_commands_objects_and_ids_are_completed(
    database: Config, etcd: Etcd, tmp_path: Path, shell: str
) -> None:
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"{shell.split()[0]} is not installed")
    fill(database, STORED)
    own = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with open_terminal(tmp_path, shell, environment(etcd, own)) as terminal:
        terminal.enter(START[shell])
        terminal.wait_for("ready")
        terminal.wait_for_prompt()
        terminal.type("ska-sdp del")
        terminal.complete("ska-sdp delete ")
        terminal.type("scr")
        terminal.complete("ska-sdp delete script ")
        terminal.type("batch:i")
        terminal.complete("ska-sdp delete script batch:imaging:1.0.0")
        terminal.press("C-u")
        terminal.type("ska-sdp -q get /scr")
        terminal.complete("ska-sdp -q get /script/")
        terminal.type("real")
        terminal.complete("get /script/realtime:receive:2.0.0")
