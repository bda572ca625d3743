"""Words and constructions that were replaced stay away; the glossary has the words in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

REPLACED = {
    # Documents that readers do not have.
    r"spec \d+|the seed|design/\w*|\w+/(?:design|spec)": (
        "a page of docs/; for random numbers, 'random seed'"
    ),
    # Synonyms of the glossary's words.
    r"refus\w*": "reject, rejected, rejection",
    r"stand-in\w*": "simulator",
    r"time-outs?": "timeout",
    r"obituary": "failure report",
    # Personification: programs receive, return, log, respond.
    r"told": "notified, returned, logged, known",
    r"tells? (?:whether|how|what|when|who|of)": "return, log, report",
    r"hears?|heard": "receive, be notified",
    r"forgets?|forgotten": "drop, delete, expire",
    r"take notice|in vain|owes?|owed": "detect; without effect; lag",
    # Words that no manual of the field uses.
    r"whoever|to whom|those who|for those": "the client that, the caller that",
    r"somebody|everybody": "a client, an operator, all users",
    r"anew": "again, from the start",
    r"lest": "so that … not",
    r"mends?|mended": "fix, repair",
    r"news": "an update, a change; stale for old news",
    r"goes on|go on|going on|went on": "continue, run",
    r"let be|lets? go of|beyond reproach|what becomes of|comes of": "keep, release, valid, effect",
    r"is asked|are asked|was asked": "is requested, is queried",
    # A docstring begins with an imperative or a noun phrase.
    r'^\s*"""(?:What|Who|Whose|How|Where|When) .*': "imperative or noun phrase",
}
"""Replacement of each pattern; a pattern matches whole words, also within a snake_case name."""

NAMES = re.compile(
    r"""\bConfigRefused|\bConnectionRefusedError|\bECONNREFUSED|connection (?:was )?refused"""
    r"""|(?P<quote>["'`])(?:refused|stand-in)(?P=quote)""",
    re.IGNORECASE,
)
"""Names on the wire, of the public interface and of other programs, which stay."""

SEARCHED = (
    "src",
    "devices",
    "tests",
    "docs",
    "charts",
    "benchmarks",
    "examples",
    "release",
    "tango-db",
    ".ci",
    ".gitlab-ci.yml",
    ".readthedocs.yaml",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "Makefile",
    "Dockerfile",
    "pyproject.toml",
)
NEWLINE = "\n"
_SUFFIXES = (".py", ".md", ".yaml", ".yml", ".tpl", ".toml", ".js", ".css", ".dot", ".sh", "")
_GENERATED = ("_build", "__pycache__", "schemas")


@cache
def searched() -> Mapping[str, str]:
    """Return the searched texts by file."""
    return dict(_searched())


def _searched() -> Iterator[tuple[str, str]]:
    for place in SEARCHED:
        for path in [ROOT / place, *sorted((ROOT / place).rglob("*"))]:
            name = str(path.relative_to(ROOT))
            if path == Path(__file__) or not path.is_file():
                continue
            if path.suffix in _SUFFIXES and not set(_GENERATED) & set(path.parts):
                yield name, NAMES.sub("", newest(path))


def newest(path: Path) -> str:
    """Return the text of a file; of the changelog, the newest section."""
    text = path.read_text()
    return "\n## ".join(text.split("\n## ")[:2]) if path.name == "CHANGELOG.md" else text


@pytest.mark.parametrize("pattern", REPLACED)
def test_replaced_words_stay_away(pattern: str) -> None:
    words = re.compile(rf"(?:{pattern})(?![^\W_])", re.IGNORECASE | re.MULTILINE)
    found = [
        f"{name}:{text.count(NEWLINE, 0, match.end()) + 1}: {match[0].strip()!r}"
        for name, text in searched().items()
        for match in words.finditer(text)
        # An underscore also separates words, which \b does not know.
        if not text[: match.start()][-1:].isalnum()
    ]
    assert not found, f"use instead: {REPLACED[pattern]}\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("The command was refused.", True),
        ("def test_a_refused_command", True),
        ('outcome = "refused"', False),
        ("raise ConfigRefused(text)", False),
        ("connection refused", False),
    ],
)
def test_names_that_stay_are_no_findings(text: str, is_found: bool) -> None:
    assert bool(re.search("refus", NAMES.sub("", text), re.IGNORECASE)) is is_found
