"""The Dockerfile, and the result of its build stage without a container engine."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;]+)", re.MULTILINE)
_PLACES = re.compile(r"(?<![\w./-])/(?=(?:build|opt/sdp)\b)")
"""Directories in the Dockerfile that a test replaces with its own."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, with continued lines joined."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its base image and its instructions."""

    base: str
    instructions: list[Instruction]

    def values(self, name: str) -> list[str]:
        return [each.value for each in self.instructions if each.name == name]

    @property
    def variables(self) -> dict[str, str]:
        """Variables that ENV sets."""
        pairs = (word for value in self.values("ENV") for word in value.split())
        return dict(pair.split("=", 1) for pair in pairs)

    def command(self, name: str) -> list[str]:
        """Return the words of the exec form of CMD, or of the one in HEALTHCHECK."""
        (value,) = self.values(name)
        words = json.loads(value[value.index("[") :])
        assert all(isinstance(word, str) for word in words)
        return list(words)


def pins(lock: str) -> set[tuple[str, str]]:
    return {(name, version) for name, version in _PIN.findall((ROOT / lock).read_text())}


def stages(context: Path = ROOT) -> list[Stage]:
    parser = DockerfileParser(fileobj=io.BytesIO((context / "Dockerfile").read_bytes()))
    found: list[Stage] = []
    for each in parser.structure:
        name, value = each["instruction"], each["value"]
        if name == "FROM":
            found.append(Stage(value.split()[0], []))
        elif name != "COMMENT" and found:
            found[-1].instructions.append(Instruction(name, value))
    return found


class Image:
    """Result of the build stage's own RUN lines, in a directory.

    A bare virtual environment replaces the Python of the base image. COPY takes from the
    build context what .dockerignore includes. Arguments of the build have their defaults.
    Python compiles modules on use, as to compile all of them takes long.
    """

    def __init__(self, directory: Path, context: Path) -> None:
        self._directory = directory
        self._context = context
        build, self.last = stages(context)
        base = directory / "base"
        venv.create(base)
        path = os.pathsep.join([str(base / "bin"), os.environ["PATH"]])
        arguments = _arguments(context)
        declared = {name: arguments[name] for name in build.values("ARG")}
        own = {"PATH": path, "PIP_NO_COMPILE": "1"}
        self._build(build, {**_plain_environment(), **build.variables, **declared, **own})

    @property
    def bin(self) -> Path:
        """Directory of its programs: the first of the last stage's PATH."""
        first, _, _ = self.last.variables["PATH"].partition(":")
        return Path(self._placed(first))

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of a process in the image."""
        path = self._placed(self.last.variables["PATH"]).replace("$PATH", os.environ["PATH"])
        own = {"PATH": path, "PYTHONDONTWRITEBYTECODE": ""}
        return {**_plain_environment(), **self.last.variables, **own, **variables}

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / words[0], *words[1:]],
            env=self.environment(**variables),
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def _build(self, stage: Stage, environment: dict[str, str]) -> None:
        place = self._directory
        for each in stage.instructions:
            if each.name == "WORKDIR":
                place = Path(self._placed(each.value))
                place.mkdir(parents=True)
            elif each.name == "COPY":
                *sources, target = each.value.split()
                for source in sources:
                    _copy(self._context, source, place / target)
            elif each.name == "RUN":
                done = subprocess.run(
                    ["bash", "-ec", self._placed(each.value)],
                    cwd=place,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=900,
                )
                assert done.returncode == 0, f"{each.value}\n{done.stdout}\n{done.stderr}"
            else:
                assert each.name in ("ARG", "ENV"), f"{each.name} is not supported"

    def _placed(self, text: str) -> str:
        return _PLACES.sub(f"{self._directory}/", text)


def _plain_environment() -> dict[str, str]:
    """Return the environment of this process without its Python and databases."""
    unwanted = ("VIRTUAL_ENV", "PYTHON", "SDP_", "TANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _arguments(context: Path) -> dict[str, str]:
    """Return the defaults of the arguments before the first stage."""
    before, _, _ = (context / "Dockerfile").read_text().partition("\nFROM ")
    return dict(re.findall(r"^ARG (\w+)=(.+)$", before, re.MULTILINE))


def _copy(context: Path, source: str, target: Path) -> None:
    allowed = (context / ".dockerignore").read_text().splitlines()
    assert f"!{source}" in allowed, f".dockerignore keeps {source} out"
    if (context / source).is_dir():
        shutil.copytree(context / source, target)
    else:
        target.mkdir(exist_ok=True)
        shutil.copy(context / source, target)
