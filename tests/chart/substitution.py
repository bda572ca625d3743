"""From what is rendered for pods to what runs on this machine: other addresses and directories."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.programs import clean_environment
from tests.chart.rendering import Manifest, Objects

__all__ = ["Place", "RenderedPart", "write_secret"]


class Place:
    """Where something runs.

    Args:
        replaced: what to put for each text; longer texts come first.
        objects: what was rendered, whose Secrets give values of variables.
    """

    def __init__(self, replaced: Mapping[str, str], objects: Objects) -> None:
        self._replaced = sorted(replaced.items(), key=lambda pair: -len(pair[0]))
        self._objects = objects

    def text(self, text: str) -> str:
        for old, new in self._replaced:
            text = text.replace(old, new)
        return text

    def words(self, container: Manifest) -> list[str]:
        """The command line of a container."""
        words = [*container["command"], *container.get("args", [])]
        environment = self.environment(container)
        for name, value in environment.items():
            # As Kubernetes does.
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
    """A server as a container of the chart starts it.

    Args:
        name: what messages call it.
        directory: where its log is kept.
        container: as rendered.
        place: where it runs.
        program: path of its program here.
    """

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


def write_secret(secret: Manifest, directory: Path, keys: Iterable[str]) -> None:
    """Put keys of a Secret where it is mounted, with the rights that its files have there."""
    directory.mkdir()
    for key in keys:
        file = directory / key
        file.write_bytes(base64.b64decode(secret["data"][key]))
        file.chmod(0o440)
