"""``ska-sdp-lmc up`` as a process, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sysconfig
from pathlib import Path

from ska_sdp_sim.stack.port_plan import PortError, check_free, plan_ports
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.programs import clean_environment
from tests.support.waiting import wait_until

TIMEOUT_S = 180.0
"""Timeout of the start or the demo, in seconds; usually 15 s."""


class Up:
    def __init__(self, place: Path, *options: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.env_file = place / "env"
        self._printed = place / "printed"
        program = Path(sysconfig.get_path("scripts")) / "ska-sdp-lmc"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [program, "up", "--env-file", self.env_file, *options],
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    @property
    def directory(self) -> Path:
        """Directory of data and logs, from its output."""
        found = re.search(r"Data and logs are in (\S+)", self.printed)
        assert found, self.printed
        return Path(found[1])

    @property
    def children(self) -> dict[int, str]:
        """Command lines of its child processes, by process ID."""
        task = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return {int(pid): command_line(int(pid)) for pid in Path(task).read_text().split()}

    def child(self, word: str) -> int:
        """Return the ID of the child whose command line contains a word."""
        (pid,) = [pid for pid, command in self.children.items() if word in command]
        return pid

    def wait_ready(self) -> dict[str, str]:
        """Wait until the environment file exists; return its variables."""
        wait_until(self._ready, within=TIMEOUT_S, what="the stack is up")
        words = self.env_file.read_text().removeprefix("export ").split()
        return dict(word.split("=", 1) for word in words)

    def ctrl_c(self) -> None:
        """Send SIGINT to all processes of the foreground, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait_end(self) -> int:
        return self.process.wait(TIMEOUT_S)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.printed
        return self.env_file.exists()


def command_line(pid: int) -> str:
    """Return the command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def free_port_base(servers: int) -> int:
    """Return a base from which all ports of a stack with that many device servers are free."""
    for _ in range(100):
        base = free_port()
        try:
            plan = plan_ports(base, [str(n) for n in range(servers)])
            check_free(plan, "127.0.0.1", health=True, web=True)
        except PortError:
            continue
        return base
    raise AssertionError("no range of free ports was found")
