"""Rendering of the chart by Helm's engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import yaml
from docs.generate.chart import CHART

RELEASE = "sdp"
NAMESPACE = "sdp-control"

VALUE_SETS = sorted((CHART / "ci").glob("*-values.yaml"))

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Objects:
    """Objects of a set of values, by kind and name."""

    by_name: Mapping[tuple[str, str], Manifest]

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.by_name.values())

    def of_kind(self, kind: str) -> list[Manifest]:
        return [found for (its_kind, _), found in self.by_name.items() if its_kind == kind]

    def only(self, kind: str, ending: str = "") -> Manifest:
        """Return the only object of a kind whose name has this ending, before any digest."""
        (found,) = (
            each
            for each in self.of_kind(kind)
            if each["metadata"]["name"].endswith(ending)
            or f"{ending}-" in each["metadata"]["name"]
        )
        return found


class Renderer:
    """Helm's engine in a separate process, as Go's runtime does not survive a fork.

    It renders this chart once for each set of values.
    """

    def __init__(self, process: ProcessPoolExecutor) -> None:
        self._process = process
        self._rendered: dict[tuple[str, str], dict[str, str]] = {}

    def __call__(self, values: Mapping[str, Any] | None = None, release: str = RELEASE) -> Objects:
        """Render the values."""
        return Objects(_by_name(self.texts(values, release)))

    def texts(
        self, values: Mapping[str, Any] | None = None, release: str = RELEASE, chart: Path = CHART
    ) -> dict[str, str]:
        """Return the texts of the objects and of NOTES.txt, by template."""
        given = dict(values or {})
        if chart != CHART:
            return self._process.submit(_render, chart, given, release).result()
        key = repr(given), release
        if key not in self._rendered:
            self._rendered[key] = self._process.submit(_render, chart, given, release).result()
        return dict(self._rendered[key])

    def render_parent(self, chart: Path, values: Mapping[str, Any]) -> Objects:
        """Render a chart that contains this one."""
        return Objects(_by_name(self.texts(values, chart=chart)))

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the rendered text of one template, with its comments."""
        texts = self.texts(values).items()
        (found,) = (text for name, text in texts if name.endswith(f"/{template}"))
        return found

    def render_for(self, api: str, values: Mapping[str, Any]) -> Objects:
        """Render for the cluster of an API server, in which templates look up objects."""
        return Objects(_by_name(self._process.submit(_render_for, api, dict(values)).result()))

    def lint(self) -> list[str]:
        return self._process.submit(_lint).result()


def _render(path: Path, values: dict[str, Any], release: str) -> dict[str, str]:
    with helm_python.Chart.load(path) as chart:
        return chart.render(values, name=release, namespace=NAMESPACE)


def _render_for(api: str, values: dict[str, Any]) -> dict[str, str]:
    cluster = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": api}}],
        "users": [{"name": "u", "user": {}}],
    }
    config = helm_python.Config(kubeconfig_content=yaml.safe_dump(cluster), namespace=NAMESPACE)
    with config, helm_python.Chart.load(CHART) as chart:
        return config.render(chart, values, name=RELEASE, namespace=NAMESPACE, is_upgrade=True)


def _lint() -> list[str]:
    report = helm_python.chart.lint(CHART, strict=True)
    return [each["error"] for each in report["messages"] if each["severity"] > 1]


def _by_name(rendered: Mapping[str, str]) -> dict[tuple[str, str], Manifest]:
    found: dict[tuple[str, str], Manifest] = {}
    for template, text in rendered.items():
        if template.endswith("NOTES.txt"):
            continue
        # The C parser takes a fifth of the time.
        for each in yaml.load_all(text, Loader=yaml.CSafeLoader):
            if each is not None:
                key = each["kind"], each["metadata"]["name"]
                assert key not in found, key
                found[key] = each
    return found


def values_of(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(path.read_text())
    return values


def pod_specs(objects: Objects) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each object that creates pods, and the specification of its pods."""
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield each, each["spec"]["template"]["spec"]
        elif each["kind"] == "CronJob":
            yield each, each["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(objects: Objects) -> Iterator[Manifest]:
    for _, spec in pod_specs(objects):
        yield from spec.get("initContainers", [])
        yield from spec["containers"]


def container_of(manifest: Manifest) -> Manifest:
    spec = manifest["spec"].get("jobTemplate", manifest)["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    found: Manifest = container
    return found
