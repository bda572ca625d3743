"""``ska-sdp-lmc up`` as a user runs it: a process of its own, looked at from outside."""

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

PATIENCE = 180.0
"""Seconds for a stack to start, or for a demonstration: a quarter of a minute if undisturbed."""


class Up:
    """One stack.

    Args:
        place: A directory for what it prints and for its environment file.
        options: Further options of the command.
    """

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
        """All that it printed so far."""
        return self._printed.read_text()

    @property
    def directory(self) -> Path:
        """Where it keeps data and logs, by its own words."""
        found = re.search(r"data and logs are in (\S+)", self.printed)
        assert found, self.printed
        return Path(found[1])

    @property
    def children(self) -> dict[int, str]:
        """Command lines of the processes that it started, by their ids."""
        task = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return {int(pid): command_line(int(pid)) for pid in Path(task).read_text().split()}

    def child(self, word: str) -> int:
        """Id of the process whose command line holds a word."""
        (pid,) = [pid for pid, command in self.children.items() if word in command]
        return pid

    def wait_ready(self) -> dict[str, str]:
        """Wait until it says how to reach it, and give the variables."""
        wait_until(self._ready, within=PATIENCE, what="the stack answers")
        words = self.env_file.read_text().removeprefix("export ").split()
        return dict(word.split("=", 1) for word in words)

    def ctrl_c(self) -> None:
        """What a terminal does: the signal goes to all processes of the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait_end(self) -> int:
        """Wait until it has ended, and give its exit code."""
        return self.process.wait(PATIENCE)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.printed
        return self.env_file.exists()


def command_line(pid: int) -> str:
    """The words of a running process, nothing of one that has ended."""
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
            check_free(plan, "127.0.0.1", health=True)
        except PortError:
            continue
        return base
    raise AssertionError("no row of free ports was found")
