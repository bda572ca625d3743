"""Command line of the simulator."""

from __future__ import annotations

import logging
import re
import signal
from types import FrameType
from typing import Any

import click

from ska_sdp_sim.script import Settings
from ska_sdp_sim.simulator import COMPONENTS, Simulator

_SIGNAL_POLL_S = 0.2


def _pattern(context: click.Context, parameter: click.Parameter, value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"invalid regular expression {value!r}: {error}") from None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--component",
    "components",
    multiple=True,
    type=click.Choice(COMPONENTS),
    help="Simulate this component only; repeatable.  [default: both]",
)
@click.option("--prefix", default="", help="Path prefix of all entities, such as /test.")
@click.option(
    "--receive-scripts",
    default="receive",
    show_default=True,
    callback=_pattern,
    help="Regular expression: scripts whose name matches publish receive addresses.",
)
@click.option("--time-to-resource", type=float, help="Seconds until resources are available.")
@click.option("--time-to-ready", type=float, help="Seconds from RUNNING to deployments ready.")
@click.option("--duration", type=float, help="Seconds that a batch block takes.")
@click.option(
    "--log-level",
    default="INFO",
    show_default=True,
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    help="Lowest level of log records.",
)
def main(
    components: tuple[str, ...],
    prefix: str,
    receive_scripts: re.Pattern[str],
    log_level: str,
    **seconds: float | None,
) -> None:
    """Simulate processing controller, helm deployer and processing scripts.

    Runs until SIGTERM or Ctrl-C. SDP_CONFIG_HOST, SDP_CONFIG_PORT and the other variables of
    ska-sdp select the database. The times are defaults for processing blocks without the
    parameters time-to-resource, time-to-ready and duration; each is 0.2 s unless set. The
    parameter fail-at (starting, ready, configuring or scanning) makes a block fail with the
    reason in its parameter exception.
    """
    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    parameters: dict[str, Any] = {
        name.replace("_", "-"): value for name, value in seconds.items() if value is not None
    }
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        # No logging here: the interrupted code may hold any lock.
        received.append(number)

    signal.signal(signal.SIGTERM, receive)
    signal.signal(signal.SIGINT, receive)
    try:
        simulator = Simulator(
            components or COMPONENTS, Settings(receive_scripts, parameters), prefix
        )
        simulator.start()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        while not received and not simulator.wait(_SIGNAL_POLL_S):
            pass
    finally:
        simulator.stop()
