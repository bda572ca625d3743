"""Fixed ports of a stack, allocated from a base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ska_sdp_sim.stack.ports import probe

MAX_PORT = 65_535
_DATABASE_PORTS = 2
_PORTS_PER_SERVER = 4
_WEB_PORTS = 1


class PortError(ValueError):
    """A fixed port is in use, or is not a valid port number."""


@dataclass(frozen=True)
class ServerPorts:
    """Ports of one device server; that of the health endpoints is used only if they are served."""

    tango: int
    heartbeat: int
    events: int
    health: int


@dataclass(frozen=True)
class PortPlan:
    """Ports of a stack; those of the device servers by server name."""

    etcd: int
    tango_db: int
    servers: Mapping[str, ServerPorts]
    web: int

    def ports(self, *, health: bool, web: bool) -> Iterator[tuple[str, int]]:
        """Yield the use and the number of each port.

        Args:
            health: whether the servers serve their health.
            web: whether the web page is served.
        """
        yield "etcd", self.etcd
        yield "the Tango database", self.tango_db
        for name, ports in self.servers.items():
            yield name, ports.tango
            yield f"the heartbeat of {name}", ports.heartbeat
            yield f"the events of {name}", ports.events
            if health:
                yield f"the health of {name}", ports.health
        if web:
            yield "the web page", self.web


def plan_ports(base: int, servers: Sequence[str]) -> PortPlan:
    """Return the ports of a stack.

    The order is fixed, and a port does not depend on the options of the stack: ``base`` is etcd,
    ``base + 1`` the Tango database. Then each server has four: Tango, heartbeat, events, health.
    The last is that of the web page.

    Raises:
        PortError: A port would be below 1 or above 65535.
    """
    count = _DATABASE_PORTS + _PORTS_PER_SERVER * len(servers) + _WEB_PORTS
    highest_base = MAX_PORT - count + 1
    if not 1 <= base <= highest_base:
        raise PortError(
            f"invalid port base {base}: the stack takes {count} ports from it on, "
            f"so choose 1 to {highest_base}"
        )
    web = base + count - _WEB_PORTS
    first = range(base + _DATABASE_PORTS, web, _PORTS_PER_SERVER)
    return PortPlan(
        etcd=base,
        tango_db=base + 1,
        servers={
            name: ServerPorts(port, port + 1, port + 2, port + 3)
            for name, port in zip(servers, first, strict=True)
        },
        web=web,
    )


def check_free(plan: PortPlan, host: str, *, health: bool, web: bool) -> None:
    """Check that nothing listens on the ports of a plan.

    Raises:
        PortError: A port is in use, or this user may not listen on it; names each.
    """
    errors = [
        f"port {port}, for {use}, {error}"
        for use, port in plan.ports(health=health, web=web)
        if (error := _bind_error(host, port)) is not None
    ]
    if errors:
        raise PortError(
            f"{'; '.join(errors)}: stop what listens there, or choose another port base"
        )


def _bind_error(host: str, port: int) -> str | None:
    try:
        probe(host, port)
    except PermissionError:
        return "is not allowed for this user"
    except OSError:
        return "is in use"
    return None
