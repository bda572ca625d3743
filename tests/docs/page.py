"""Runnable parts of a page of the documentation: its fenced blocks, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]

_OPTION = re.compile(r":(?P<name>[a-z-]+): *(?P<value>.*)")
_FILE = re.compile(r"[\w./-]+\.(py|yaml|json)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        kind: ``console``, a session; ``python``, code to run; ``file``, a file to write;
            ``text``, the output of the block before it.
        text: its lines.
        caption: the terminal of a session, or the name of a file.
        line: number of its first line, for failures.
    """

    kind: str
    text: str
    caption: str
    line: int


def pages() -> list[Path]:
    """Return all pages written by hand, with the README."""
    docs = ROOT / "docs"
    return [ROOT / "README.md", *sorted(p for p in docs.rglob("*.md") if "_build" not in p.parts)]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page that are run, or are the output of such a block."""
    return list(_blocks(page.read_text()))


def _blocks(text: str) -> Iterator[Block]:
    before = ""
    for token in MarkdownIt().parse(text):
        if token.type != "fence":
            # Only output directly below its block is compared.
            before = ""
            continue
        language, content, options = _directive(token.info.strip(), token.content)
        caption = options.get("caption", "")
        line = (token.map or [0])[0] + 1
        if _FILE.fullmatch(caption):
            yield Block("file", content, caption, line)
        elif language in ("console", "python") or (language == "text" and before == "python"):
            yield Block(language, content, caption, line)
        before = language


def _directive(info: str, content: str) -> tuple[str, str, dict[str, str]]:
    """Return the language, the lines and the options of a code-block directive."""
    name, _, language = info.partition(" ")
    if name != "{code-block}":
        return info, content, {}
    lines = content.splitlines(keepends=True)
    options: dict[str, str] = {}
    while lines and (found := _OPTION.fullmatch(lines[0].strip())):
        options[found["name"]] = found["value"]
        lines.pop(0)
    if lines and not lines[0].strip():
        lines.pop(0)
    return language.strip(), "".join(lines), options


def matches(expected: str, found: str) -> bool:
    """Return whether a text matches a page, in which an ellipsis matches anything."""
    parts = (re.escape(part) for part in _tidy(expected).split("…"))
    return re.fullmatch("(?s:.*?)".join(parts), _tidy(found)) is not None


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r", "").splitlines()).strip("\n")
