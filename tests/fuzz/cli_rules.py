"""Rules that hold for each run of ``ska-sdp``, whatever the database and the arguments are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ska_sdp_config.cli.options import Role, has_debug, roles
from tests.cli.conftest import Result, run_in
from tests.fuzz.kind import contents, shared_database

__all__ = ["Given", "check_run", "verb_of"]

EXIT_CODES = (0, 1, 2, 3, 4)
"""Documented exit codes without 5, no connection."""

MAX_USAGE = 1_000
"""Characters of a message of a rejected command line."""

READING = frozenset(
    [
        *("list", "get", "watch", "describe", "status", "wait", "history", "replay", "dump"),
        *("doctor", "completion", "help"),
    ]
)
"""Verbs that change nothing."""

REPORT = re.compile(r"ska-sdp: (\w+): .*\(run it again with --debug, and report it\)", re.DOTALL)
"""Message of an error that the program does not expect."""

PLACE = re.compile(r'File ".*?([^/]*)", line ([0-9]+)')


class Given(NamedTuple):
    """Arguments and environment of a run.

    Attributes:
        texts: contents of the database by path.
        words: the words after the program's name.
        stdin: text on standard input.
        env: further variables of the environment.
    """

    texts: Mapping[str, str]
    words: Sequence[str]
    stdin: str = ""
    env: Mapping[str, str] = MappingProxyType({})


def check_run(given: Given) -> Result:
    """Run the program in this process, on a database in memory.

    Raises:
        AssertionError: it reports an error of its own, has changed something that it must not, or
            breaks another rule.
    """
    with shared_database(dict(given.texts)) as database:
        before = contents(database)
        result = _run(given)
        found = REPORT.search(result.err)
        # The option may also be a letter of a word that begins with a hyphen by mistake.
        is_debug = has_debug(given.words)
        if found or ("Traceback" in result.err and not is_debug):
            text = _debug(given)
            place = PLACE.findall(text)[-1:]
            raise AssertionError(f"unexpected {found and found[1]} at {place}: {text}")
        assert result.code in EXIT_CODES, f"exit code {result.code}: {result.err}"
        after = contents(database)
    if result.code == 2 and not is_debug:
        assert re.fullmatch("ska-sdp: [^\n]+\n", result.err), f"usage: {result}"
        assert result.out == "", f"usage with output: {result}"
        assert len(result.err) <= MAX_USAGE, f"{len(result.err)} characters: {result.err}"
    if result.code or verb_of(given.words) in READING:
        assert after == before, f"exit code {result.code}, and something was changed: {result.err}"
    if result.code and not result.out:
        assert result.err, f"exit code {result.code} without a message"
    return result


def _run(given: Given) -> Result:
    env = {**os.environ, "SDP_CONFIG_BACKEND": "memory", "NO_COLOR": "1", **given.env}
    return run_in(env, given.words, given.stdin)


def _debug(given: Given) -> str:
    """Return the error of the run with its traceback."""
    if has_debug(given.words):
        return _run(given).err
    return _run(given._replace(words=["--debug", *given.words])).err


def verb_of(words: Sequence[str]) -> str | None:
    """Return the verb of a command line, None without one."""
    return next((word for word, role in roles(words) if role is Role.PLAIN), None)
