"""Script definition files: validation, and conversion to the stored texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ska_sdp_config.cli.errors import join_faults
from ska_sdp_config.cli.validity import reason_of
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.script import Script

__all__ = ["read_definitions"]

OLD_DOCUMENT_FIELDS = {"workflows": "scripts"}
OLD_SCRIPT_FIELDS = {"type": "kind", "id": "name"}
"""Former names of fields and their current names, of the file and of a script."""


def read_definitions(document: object) -> dict[str, str]:
    """Validate a parsed file, and return the text to store for each ``kind:name:version``.

    Raises:
        ValueError: the file is invalid; names the first faults with their positions.
    """
    reader = _Reader()
    reader.read(document)
    if reader.faults:
        raise ValueError(join_faults(reader.faults))
    return reader.found


class _Reader:
    """Collector of definitions and faults, so that all faults are reported at once."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.faults: list[str] = []
        self._places: dict[str, str] = {}
        self._repositories: dict[str, str] = {}

    def read(self, document: object) -> None:
        if not isinstance(document, dict):
            self._fault("the file", "is not a mapping with a list of scripts")
            return
        document = self._renamed("the file", document, OLD_DOCUMENT_FIELDS)
        for place, entry in self._entries(document, "repositories", required=False):
            name, path = (self._text(place, entry, part) for part in ("name", "path"))
            if name and path:
                self._repositories[name] = path.rstrip("/")
        for place, entry in self._entries(document, "scripts"):
            self._read_script(place, self._renamed(place, entry, OLD_SCRIPT_FIELDS))

    def _read_script(self, place: str, entry: Mapping[str, Any]) -> None:
        kind, name, image = (self._text(place, entry, part) for part in ("kind", "name", "image"))
        if "versions" not in entry and "repository" not in entry:
            more = {k: v for k, v in entry.items() if k not in ("kind", "name", "version")}
            version = self._text(place, entry, "version")
            if kind and name and version and image:
                self._add(place, kind, name, version, more)
            return
        repository = self._text(place, entry, "repository")
        if repository and repository not in self._repositories:
            self._fault(f"{place}.repository", f"{repository!r} is not one of the repositories")
        versions = entry.get("versions")
        if not isinstance(versions, list):
            self._fault(f"{place}.versions", "is not a list")
            return
        known = ("kind", "name", "image", "repository", "versions")
        more = {k: v for k, v in entry.items() if k not in known}
        for number in range(len(versions)):
            at = f"{place}.versions[{number}]"
            version = self._checked(at, versions[number])
            if kind and name and image and version and repository in self._repositories:
                path = f"{self._repositories[repository]}/{image}:{version}"
                self._add(at, kind, name, version, {"image": path} | more)

    def _add(
        self, place: str, kind: str, name: str, version: str, content: Mapping[str, Any]
    ) -> None:
        try:
            key = str(Script.Key(kind=kind, name=name, version=version))
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                part = ".".join(map(str, fault["loc"]))
                self._fault(f"{place} ({part})", reason_of(fault["msg"]))
            return
        if key in self._places:
            self._fault(place, f"is {key} again, after {self._places[key]}")
            return
        self._places[key] = place
        try:
            self.found[key] = encode(content)
        except (TypeError, ValueError) as error:
            self._fault(place, f"cannot be stored as JSON: {error}")

    # Parts of the document

    def _entries(
        self, document: Mapping[str, Any], name: str, *, required: bool = True
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        entries = document.get(name, None if required else [])
        if not isinstance(entries, list):
            self._fault(name, "is missing" if name not in document else "is not a list")
            return
        for number, entry in enumerate(entries):
            place = f"{name}[{number}]"
            if isinstance(entry, dict):
                yield place, entry
            else:
                self._fault(place, "is not a mapping")

    def _renamed(
        self, place: str, entry: Mapping[str, Any], names: Mapping[str, str]
    ) -> Mapping[str, Any]:
        renamed = dict(entry)
        for old, new in names.items():
            if old in renamed:
                value = renamed.pop(old)
                if renamed.setdefault(new, value) != value:
                    self._fault(place, f"has both {old!r} and {new!r}, and they differ")
        return renamed

    def _text(self, place: str, entry: Mapping[str, Any], part: str) -> str:
        if part not in entry:
            self._fault(place, f"has no {part!r}")
            return ""
        return self._checked(f"{place}.{part}", entry[part])

    def _checked(self, place: str, value: object) -> str:
        if not isinstance(value, str):
            # In YAML an unquoted 1.10 is the number 1.1.
            self._fault(place, f"is {value!r}, which is not a string: quote it")
        elif not value:
            self._fault(place, "is empty")
        else:
            return value
        return ""

    def _fault(self, place: str, fault: str) -> None:
        self.faults.append(f"{place} {fault}")
