"""What the user is told of a running stack."""

from __future__ import annotations

from .env_file import export_line
from .local import LocalStack


def how_to_reach(stack: LocalStack, *, kept: bool) -> str:
    """Where everything is, and how Jive, Taranta and ``ska-sdp`` get there.

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

  {export_line(stack.environment)}

  ska-sdp     then lists what the configuration database holds: ska-sdp list -a -v
  Jive        started there shows the devices: jive
  Taranta     shows them when its TangoGQL server runs there too: it reads the same TANGO_HOST
"""
