"""Sphinx directives: ``generated`` inserts generated text, ``drawn`` an SVG picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from docs.generate import (
    command_line,
    database,
    devices,
    diagrams,
    guarantees,
    messages,
    observation,
    operations,
    recovery,
    rejections,
    scale,
    screens,
    settings,
    sizing,
    top_screen,
)
from docs.generate.grafana import pages as grafana
from docs.generate.text import without_source
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

__all__ = ["PICTURES", "TEXTS", "setup"]

TEXTS: Mapping[str, Callable[[], str]] = {
    "command-line": command_line.verbs,
    "operator-commands": command_line.operator_commands,
    "controller-attributes": devices.controller_attributes,
    "controller-commands": devices.controller_commands,
    "controller-properties": devices.controller_properties,
    "subarray-attributes": devices.subarray_attributes,
    "subarray-commands": devices.subarray_commands,
    "subarray-properties": devices.subarray_properties,
    "enumerations": devices.enumerations,
    "message-fields": messages.fields,
    "entities": database.entities,
    "device-entries": database.device_entries,
    "commands-by-obs-state": rejections.by_obs_state,
    "commands-by-state": rejections.by_state,
    "rejections": rejections.rejections,
    "waits": rejections.waits,
    "health-reasons": operations.reasons,
    "metrics": operations.metrics,
    "killed-parts": operations.killed_parts,
    "archived": operations.archived,
    "not-archived": operations.not_archived,
    "growth": scale.costs,
    "recovery-times": recovery.recovery_times,
    "promises": guarantees.promises,
    "fault-runs": guarantees.runs,
    "fuzz-runs": guarantees.fuzz,
    "soak-levels": guarantees.levels,
    "soak-runs": guarantees.soak,
    "sizing-machines": sizing.machines,
    "sizing-subarrays": sizing.subarrays,
    "sizing-watchers": sizing.watchers,
    "sizing-commits": sizing.commits,
    "grafana-panels": grafana.panels,
    "observation": observation.sequence,
    "device-settings": settings.devices,
    "database-settings": settings.database,
}
"""Functions that return MyST text, by the argument of the directive."""

PICTURES: Mapping[str, Callable[[], str]] = {
    **{name: partial(diagrams.read, name) for name in diagrams.TITLES},
    "list": screens.list_,
    "describe": screens.describe,
    "doctor": screens.doctor,
    "status": screens.status,
    "top": top_screen.top,
}
"""Functions that return SVG text, by the argument of the directive."""


class Generated(SphinxDirective):
    """Directive that inserts generated text."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the text."""
        text = TEXTS[self.arguments[0]]()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class Drawn(SphinxDirective):
    """Directive that inserts an SVG picture."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the node of the picture."""
        svg = PICTURES[self.arguments[0]]()
        return [nodes.raw("", f'<figure class="drawn">{svg}</figure>', format="html")]


def _leave_out_sources(
    app: Sphinx, what: str, name: str, subject: object, options: object, lines: list[str]
) -> None:
    lines[:] = map(without_source, lines)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("generated", Generated)
    app.add_directive("drawn", Drawn)
    app.connect("autodoc-process-docstring", _leave_out_sources)
    return {"parallel_read_safe": True}
