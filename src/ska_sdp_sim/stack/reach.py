"""Description of a running stack for its user."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from shlex import quote
from textwrap import indent

from ska_sdp_sim.stack.env_file import export_line
from ska_sdp_sim.stack.local import LocalStack


def shell_commands(environment: Mapping[str, str]) -> str:
    """Return commands that set up a new shell for the stack and list the database.

    They work in sh, bash, zsh and fish, so there is no comment and no ``source``.
    """
    # `make up` uses a virtual environment that is not activated in the user's shell.
    programs = quote(sysconfig.get_path("scripts"))
    return "\n".join(
        [
            f'export PATH={programs}:"$PATH"',
            export_line(environment),
            "ska-sdp list -a -v",
        ]
    )


def describe_stack(stack: LocalStack, *, kept: bool) -> str:
    """Return the addresses of all parts, and how to use ``ska-sdp``, Jive and Taranta."""
    devices = "\n".join(f"  {device.device:<26}{device.server}" for device in stack.devices)
    health = "".join(
        f"  health of {server.name:<16}http://{server.health}/readyz, /livez, /metrics\n"
        for server in stack.servers
        if server.health
    )
    web = f"  web page                  {stack.web.url}\n" if stack.web is not None else ""
    stay = "they stay" if kept else "removed at the end; --dir DIR keeps them"
    return f"""
Up. Ctrl-C or SIGTERM stops the stack.

  etcd                      {stack.etcd.endpoint}
  Tango database            {stack.tango_db.tango_host}
{devices}
{web}{health}  data and logs             {stack.directory} ({stay})

In another shell:

{indent(shell_commands(stack.environment), "  ")}

  The last command lists the content of the configuration database. In that shell:
  Jive        shows the devices: jive
  Taranta     shows them when its TangoGQL server runs there too: it reads the same TANGO_HOST
"""
