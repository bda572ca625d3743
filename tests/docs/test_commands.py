"""The commands that the operators' guide shows are ones, though what they print is left open."""

from __future__ import annotations

import logging
import re
import shlex

import pytest
from markdown_it import MarkdownIt

from ska_sdp_config.cli.program import run
from tests.docs.alarms import GUIDE

COMMAND = re.compile(r"(?<![\w./-])ska-sdp ([^|;&<>()\n]*)")

SHOWN = [
    (page.name, command)
    for page in sorted(GUIDE.glob("*.md"))
    for token in MarkdownIt().parse(page.read_text())
    if token.type == "fence" and token.info in ("console", "sh")
    for command in COMMAND.findall(token.content)
]


@pytest.mark.parametrize(("page", "command"), sorted(set(SHOWN)))
def test_a_command_of_ska_sdp_is_well_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str, command: str
) -> None:
    # Nothing answers there, so it fails, but not as bad usage.
    monkeypatch.setenv("SDP_CONFIG_PORT", "9")
    monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.05")
    logger = logging.getLogger("ska_sdp_config")
    level = logger.level
    try:
        code = run(shlex.split(command.replace("'", "")))
    finally:
        logger.setLevel(level)
    assert code != 2, capsys.readouterr().err
