"""Containers of the chart as processes of this machine: other addresses and directories."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.rendering import Manifest, Objects


class Place:
    """Replacements of texts for this machine, the longest first, and values of Secrets."""

    def __init__(self, replaced: Mapping[str, str], objects: Objects) -> None:
        self._replaced = sorted(replaced.items(), key=lambda pair: -len(pair[0]))
        self._objects = objects

    def text(self, text: str) -> str:
        for old, new in self._replaced:
            text = text.replace(old, new)
        return text

    def words(self, container: Manifest) -> list[str]:
        words = [*container["command"], *container.get("args", [])]
        environment = self.environment(container)
        for name, value in environment.items():
            words = [word.replace(f"$({name})", value) for word in words]
        return [self.text(word) for word in words]

    def environment(self, container: Manifest) -> dict[str, str]:
        found = {}
        for variable in container.get("env", []):
            if "value" in variable:
                found[variable["name"]] = self.text(variable["value"])
            elif "secretKeyRef" in variable["valueFrom"]:
                reference = variable["valueFrom"]["secretKeyRef"]
                secret = self._objects.by_name["Secret", reference["name"]]
                value = base64.b64decode(secret["data"][reference["key"]]).decode()
                found[variable["name"]] = value
        return found


class RenderedPart(Part):
    """Server program with the arguments and variables of a rendered container."""

    def __init__(
        self, name: str, directory: Path, container: Manifest, place: Place, program: str
    ) -> None:
        super().__init__(name, directory / f"{name}.log")
        self.start_timeout_s = 120.0
        self._words = [program, *place.words(container)[1:]]
        self._environment = place.environment(container)

    def command(self) -> list[str]:
        return self._words

    def environment(self) -> dict[str, str]:
        return clean_environment(**self._environment)

    def is_ready(self) -> bool:
        raise NotImplementedError


def run_program(
    words: Sequence[str], environment: Mapping[str, str], directory: Path | None = None
) -> str:
    """Run a program that must succeed to its end; return its output."""
    done = subprocess.run(
        words,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_secret(secret: Manifest, directory: Path, keys: Iterable[str]) -> None:
    """Write keys of a Secret to a directory, with the permissions of a mounted Secret."""
    directory.mkdir()
    for key in keys:
        file = directory / key
        file.write_bytes(base64.b64decode(secret["data"][key]))
        file.chmod(0o440)
