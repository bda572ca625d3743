"""``ska-sdp top``: live view of the system on the full screen, until ``q``."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import click

from ska_sdp_config.cli.errors import Failed, Misconfigured
from ska_sdp_config.cli.group import HELP
from ska_sdp_config.cli.options import CONNECTION
from ska_sdp_config.cli.session import open_backend

__all__ = ["command"]


def _top(prefix: str) -> None:
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise Misconfigured("'ska-sdp top' needs a terminal: use 'ska-sdp status' in scripts.")
    try:
        from ska_sdp_config.cli.top.app import TopApp
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "textual":
            raise
        raise Failed(
            "'ska-sdp top' needs the package textual: pip install 'ska-sdp-lmc[top]'."
        ) from exc
    # The app handles Ctrl-C and signals itself, to restore the terminal.
    with open_backend(nullcontext()) as backend:
        app = TopApp(backend, prefix)
        app.run()
    if app.error is not None:
        raise app.error


command = click.Command(
    "top",
    params=CONNECTION,
    callback=_top,
    context_settings=HELP,
    help="Show the system on the full screen, live: subarrays with their faults, processing "
    "blocks, deployments, flows, and a log of changes. Changes nothing.",
)
