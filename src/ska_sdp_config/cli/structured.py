"""Printer of JSON and YAML documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ska_sdp_config.cli.columns import Line
from ska_sdp_config.cli.output import (
    Change,
    Difference,
    Entry,
    Finding,
    Printer,
    Section,
    write_texts,
)
from ska_sdp_config.cli.terminal import escape
from ska_sdp_config.live import values
from ska_sdp_config.live.key_change import KeyChange, document

__all__ = ["DocumentPrinter"]


class DocumentPrinter(Printer):
    """Printer of one JSON or YAML document; for a watch one per change, JSON on one line."""

    prints_lines = False

    def __init__(self, quiet: bool, *, yaml: bool) -> None:
        super().__init__(quiet)
        self._yaml = yaml

    def keys(self, paths: Iterable[str]) -> None:
        """Print a list of paths."""
        self._document(list(paths))

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a mapping of paths to values, or a list of values."""
        found = {path: values.read(text) for path, text in entries}
        self._document(list(found.values()) if self.quiet else found)

    def value(self, entry: Entry) -> None:
        """Print a mapping of the path to its value, or the value."""
        value = values.read(entry.text)
        self._document(value if self.quiet else {entry.path: value})

    def current(self, changes: Sequence[KeyChange]) -> None:
        """Print a mapping for each value, as for its creation."""
        self.key_changes(changes)

    def key_changes(self, changes: Iterable[KeyChange], *, whole: bool = False) -> None:
        """Print a mapping for each change of a key; if quiet, the new value only."""
        for each in changes:
            found = document(each)
            self._document(found["new"] if self.quiet else found, indent=None)
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print a mapping of kinds of changes to paths."""
        found: dict[str, Any] = {}
        for change in changes:
            found.setdefault(change.word, []).append(change.path)
        self._document(found | {"unchanged": unchanged})

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print a mapping of ``created`` to the paths; if quiet, a list of IDs."""
        self._document(list(ids) if self.quiet else {"created": list(paths), "unchanged": 0})

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print a mapping of kinds of changes to paths with the values before and after."""
        found: dict[str, Any] = {}
        for word, path, before, after in differences:
            sides = {"before": before, "after": after}
            found.setdefault(word, {})[path] = {
                side: values.read(text) for side, text in sides.items() if text is not None
            }
        self._document(found | {"unchanged": unchanged})

    def sections(self, sections: Sequence[Section]) -> None:
        """Print a mapping of sections, each a mapping of paths to values."""
        self._document(
            {
                section.title: {path: values.read(text) for path, text in section.entries}
                for section in sections
            }
        )

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print a list of findings; if quiet, only warnings and faults."""
        self._document(
            [each._asdict() for each in findings if not (self.quiet and each.verdict == "ok")]
        )

    def screen(
        self,
        make_lines: Callable[[int], Iterable[Line]],
        make_document: Callable[[], Mapping[str, Any]],
        names: Iterable[str],
        *,
        is_update: bool = False,
    ) -> None:
        """Print the document, updates on one line each."""
        self._document(make_document(), indent=None if is_update else 2)
        sys.stdout.flush()

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the parts as one mapping."""
        self._document({name: dict(part) for name, part in parts.items()})

    def _document(self, value: Any, indent: int | None = 2) -> None:
        if not self._yaml:
            write_texts([json.dumps(value, ensure_ascii=False, indent=indent)])
            return
        import yaml

        from ska_sdp_config.cli.yaml_numbers import quote_numbers

        try:
            from yaml import CSafeDumper as Dumper
        except ImportError:  # PyYAML was built without libyaml
            from yaml import SafeDumper as Dumper  # type: ignore[assignment]

        class EscapingDumper(Dumper):
            """Dumper that escapes lone surrogates, for which YAML has no escape."""

        on_terminal = sys.stdout.isatty()

        def represent(dumper: EscapingDumper, text: str) -> yaml.ScalarNode:
            escaped = text.encode(errors="backslashreplace").decode()
            if on_terminal and escape(escaped) != escaped:
                # YAML supports escapes only in double quotes.
                return dumper.represent_scalar("tag:yaml.org,2002:str", escaped, style='"')
            return dumper.represent_str(escaped)

        EscapingDumper.add_representer(str, represent)
        quote_numbers(EscapingDumper)
        yaml.dump(
            value,
            sys.stdout,
            Dumper=EscapingDumper,
            allow_unicode=True,
            sort_keys=False,
            explicit_start=True,
        )
