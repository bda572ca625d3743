"""The text that describes a running stack to its user."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from shlex import quote
from textwrap import indent

from ska_sdp_sim.stack.env_file import export_line
from ska_sdp_sim.stack.local import LocalStack


def shell_commands(environment: Mapping[str, str]) -> str:
    """Return commands that reach the stack from a shell in which nothing is set up.

    They hold no comment and no ``source``, so that sh, bash, zsh and fish run them alike.

    Args:
        environment: Variables that lead to both databases.
    """
    # `make up` starts the stack from a virtual environment that is active in no shell.
    programs = quote(sysconfig.get_path("scripts"))
    return "\n".join(
        [
            f'export PATH={programs}:"$PATH"',
            export_line(environment),
            "ska-sdp list -a -v",
        ]
    )


def how_to_reach(stack: LocalStack, *, kept: bool) -> str:
    """Return where each part is, and how to reach it from ``ska-sdp``, Jive and Taranta.

    Args:
        stack: A running stack.
        kept: Whether its directory outlives it.
    """
    devices = "\n".join(f"  {device.device:<26}{device.server}" for device in stack.devices)
    health = "".join(
        f"  health of {server.name:<16}http://{server.health}/readyz, /livez, /metrics\n"
        for server in stack.servers
        if server.health
    )
    stay = "they stay" if kept else "removed at the end; --dir DIR keeps them"
    return f"""
Up. Ctrl-C, or SIGTERM, stops all of it.

  etcd                      {stack.etcd.endpoint}
  Tango database            {stack.tango_db.tango_host}
{devices}
{health}  data and logs             {stack.directory} ({stay})

In another shell:

{indent(shell_commands(stack.environment), "  ")}

  The last command lists what the configuration database holds. In that shell:
  Jive        shows the devices: jive
  Taranta     shows them when its TangoGQL server runs there too: it reads the same TANGO_HOST
"""
