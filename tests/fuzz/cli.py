"""Command lines, their standard input, and files: of definitions, dumps and recordings."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from hypothesis import strategies as st

from ska_sdp_config import cli
from ska_sdp_config.cli.options import VALUE_OPTIONS
from ska_sdp_config.cli.program import VERBS
from tests.fuzz import corpus
from tests.fuzz.cli_rules import Given, check_run, verb_of
from tests.fuzz.files import FILES
from tests.fuzz.kind import Kind
from tests.fuzz.stored import SCENE
from tests.fuzz.texts import as_argument, mutated_text
from tests.support.fault_scene import DEPLOYMENT, EB, FAILED, WAITING
from tests.support.hostile_values import FLOW, HOSTILE
from tests.support.json_values import mutated

__all__ = ["KIND"]

UNTIL_CTRL_C = ("record", "top")
"""Verbs that have no timeout: only their help is printed."""

FILE = "{file}"
"""Replaced by the path of the file of the input."""

OBJECTS = {
    f"eb {EB}": f"/eb/{EB}",
    f"pb {FAILED}": f"/pb/{FAILED}",
    f"pb-state {FAILED}": f"/pb/{FAILED}/state",
    f"eb-state {EB}": f"/eb/{EB}/state",
    f"deployment {DEPLOYMENT}": f"/deploy/{DEPLOYMENT}",
    f"flow {FLOW}": f"/flow/{FLOW}",
    "script batch:imaging:1.0.0": "/script/batch:imaging:1.0.0",
    f"dependency {FLOW}:archive": f"/dependency/{FLOW}:archive",
    "resource storage:buffer": "/resource/storage:buffer",
    f"request {FAILED}:data": f"/request/{FAILED}:data",
    f"allocation {FAILED}:data": f"/allocation/{FAILED}:data",
    "subarray 01": "/lmc/subarray/01",
    "controller": "/lmc/controller",
    "system": "/system",
}
"""Words of an object, and its path."""

IDS = (EB, FAILED, WAITING, DEPLOYMENT, FLOW, "01", "09", "batch:imaging:1.0.0", "realtime:new:2")
NEW_IDS = ("eb-new-20260131-00000", "new", "a:b", "a:b:c", "a:b:c:d", "storage:x", "pb-x:data")

WORDS = (
    *(*IDS, *NEW_IDS, "/text", "/x/y", "/", "//", "/x" * 17, "", "-", "--", "20260131", "helm"),
    *(
        "status=FAILED",
        "a.b=1",
        "=",
        "status",
        "pb",
        "eb",
        "scripts",
        "prefix",
        "-h",
        FILE,
        f"@{FILE}",
    ),
    *(
        "http://127.0.0.1:1/x",
        "http://me:pw@h/x",
        "ftp://h/x",
        "@/none",
        "@-",
        "@",
        "bash",
        "nosuch",
    ),
)

VALUES_OF = {
    "--prefix": ("/t", "", "/", "t", "/t/", "/x" * 17),
    "--output": ("json", "yaml", "table", "name", "xml", ""),
    "-o": ("json", "yaml", "table", "name", "xml", ""),
    "--timeout": ("0.001", "1e-9", "0", "-1", "nan", "x"),
    "--older-than": ("0s", "1d", "x", "9" * 30 + "w", "9" * 9 + "d", "9" * 5_000 + "d"),
    "--since": ("10m", "0s", "x", "9" * 30 + "w", "9" * 9 + "d"),
    "--eb": ("{}", '{"a": 1}', "[]", "x", "{", f"@{FILE}"),
    "--host": ("h", "h:1", "http://h", ""),
    "--port": ("1", "0", "x", "9" * 5_000),
}
"""Values of the options that take one."""


@cache
def _parameters(verb: str, item: str = "") -> tuple[list[str], list[str]]:
    """Return the subcommands of a verb, and the options of one of them."""
    command: click.Command = import_module(VERBS[verb][0], cli.__name__).command
    names = sorted(command.commands) if isinstance(command, click.Group) else []
    found = command.commands.get(item, command) if isinstance(command, click.Group) else command
    options = {
        name
        for each in found.params
        if isinstance(each, click.Option)
        for name in each.opts
        # They log, or do not end.
        if name not in ("-d", "--debug", "-w", "--watch")
    }
    return names, sorted({"-h", *options})


def _mappings(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Return the JSON objects among texts."""
    found: list[dict[str, Any]] = []
    for text in texts:
        with contextlib.suppress(ValueError):
            value = json.loads(text)
            found += [value] if isinstance(value, dict) and value else []
    return found


_DOCUMENTS = _mappings(SCENE.values())
_KEPT = [case["file"] for case in corpus.read("cli") if case["file"]]
_FILES = st.one_of(
    mutated_text([*FILES, *_KEPT]),
    mutated(_mappings(FILES), HOSTILE).map(json.dumps),
    mutated(_DOCUMENTS, HOSTILE).map(json.dumps),
)
_VALUES = st.one_of(
    st.sampled_from(["{}", "[]", "1", "x", "a: 1", "{status: FAILED}", "", "-", f"@{FILE}"]),
    mutated(_DOCUMENTS, HOSTILE).map(json.dumps),
    mutated_text(["{a: 1, b: [x, ~]}", '{"status": "FINISHED", "reason": null}']),
)


@st.composite
def _words(draw: st.DrawFn) -> list[str]:
    verb = draw(st.sampled_from([each for each in VERBS if each not in UNTIL_CTRL_C]))
    names, _ = _parameters(verb)
    item = draw(st.sampled_from(names)) if names else ""
    words = [verb]
    words += _target(draw, item) if names else draw(st.lists(st.sampled_from(WORDS), max_size=2))
    if draw(st.booleans()):
        words.append(draw(_VALUES))
    for option in draw(st.lists(st.sampled_from(_parameters(verb, item)[1]), max_size=3)):
        words.append(option)
        if option in VALUE_OPTIONS:
            words.append(draw(st.sampled_from(VALUES_OF.get(option, WORDS))))
    return words


def _target(draw: st.DrawFn, item: str) -> list[str]:
    """Return the words of an object or key: one that exists, a new one, or another."""
    of_item = [words for words in OBJECTS if words.split()[0] == item]
    kind = draw(st.integers(0, 3))
    if kind == 0 or not of_item:
        return [item, *draw(st.lists(st.sampled_from(WORDS), max_size=2))]
    if kind == 1:
        return [item, draw(st.sampled_from((*IDS, *NEW_IDS)))]
    if kind == 2:
        return [draw(st.sampled_from(list(SCENE)))]
    return draw(st.sampled_from(of_item)).split()


@st.composite
def _cases(draw: st.DrawFn) -> dict[str, Any]:
    words = draw(_words())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(words)))
        change = draw(st.integers(0, 3))
        if change == 0:
            words[at : at + 1] = []
        elif change == 1:
            words[at:at] = words[at : at + 1]
        elif change == 2:
            words[at:at] = [draw(st.sampled_from(WORDS))]
        elif at < len(words) and "://" not in words[at]:
            words[at : at + 1] = [draw(mutated_text([words[at]], max_changes=2))]
    words = _harmless([as_argument(word) for word in words])
    reads_file = any(FILE in word for word in words) or words[:1] in (["edit"], ["update"])
    return {
        "words": words,
        "stdin": draw(_FILES if "-" in words else st.sampled_from(["", "y\n", "no\n"])),
        "file": draw(_FILES) if reads_file else "",
    }


def _harmless(words: list[str]) -> list[str]:
    """Return words that neither wait nor write to a file elsewhere."""
    verb = verb_of(words)
    if verb in UNTIL_CTRL_C:
        return [verb, "-h"]
    words = [_short(word) if before == "--timeout" else word for before, word in _pairs(words)]
    if verb in ("watch", "wait"):
        words = [word for word in words if not word.startswith("--timeout=")]
        return ["--timeout=0.001", *words]
    if verb == "dump":
        words = [FILE if "/" in word and not word.startswith("-") else word for word in words]
    if verb == "status":
        words = [word for word in words if not (word.startswith("-") and "w" in word)]
    return words


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each word with the one before it."""
    return zip(["", *words], words, strict=False)


def _short(text: str) -> str:
    """Return a timeout that is valid as a short one."""
    try:
        return "0.001" if float(text) > 0.001 else text
    except ValueError:
        return text


def _check(case: dict[str, Any]) -> None:
    with _directory() as directory:
        file = directory / "given"
        file.write_bytes(case["file"].encode(errors="surrogateescape"))
        words = [word.replace(FILE, str(file)) for word in case["words"]]
        check_run(Given(SCENE, words, case["stdin"], {"EDITOR": f"cp {file}"}))


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """Work in a new directory, which also takes the temporary files of programs."""
    before, tempdir = Path.cwd(), tempfile.tempdir
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = tempdir
            os.chdir(before)


KIND = Kind("cli", _cases(), _check)
