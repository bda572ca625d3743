"""Commands in the operators' guide have valid usage."""

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
def test_command_of_the_guide_has_valid_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str, command: str
) -> None:
    # Port 9 has no database: the command fails, but not with the exit code of invalid usage.
    monkeypatch.setenv("SDP_CONFIG_PORT", "9")
    monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.05")
    logger = logging.getLogger("ska_sdp_config")
    level = logger.level
    try:
        code = run(shlex.split(command.replace("'", "")))
    finally:
        logger.setLevel(level)
    assert code != 2, capsys.readouterr().err
