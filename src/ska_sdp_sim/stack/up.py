"""Run the stack until a signal, the end of the demo, or the end of a part."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ska_sdp_sim.stack.directory import stack_directory
from ska_sdp_sim.stack.env_file import env_file
from ska_sdp_sim.stack.etcd import describe_etcd
from ska_sdp_sim.stack.interrupts import Interrupts, StopRequested, catch_signals
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.process import ServerProcess
from ska_sdp_sim.stack.programs import clean_environment
from ska_sdp_sim.stack.reach import describe_stack
from ska_sdp_sim.stack.supervisor import Supervisor

Echo = Callable[[str], None]

NEXT_STEPS = """
Next, keep a stack running until Ctrl-C:

  make up

It prints three lines that set up another shell. There:

  ska-sdp-lmc demo               observe once more
  ska-sdp status                 show the whole system, and what is wrong
  ska-sdp list -a                list what is in the database
  ska-sdp describe subarray 01   show a subarray with its blocks
  ska-sdp doctor                 check the database

docs/tutorial/first-observation.md explains an observation step by step,
docs/how-to/script.md how to write a script, and README.md what else there is.
"""


def up(
    layout: Layout,
    *,
    directory: Path | None,
    env_path: Path | None,
    demonstrate: bool,
    restart: bool,
    echo: Echo,
) -> int:
    """Start the stack, run it, and stop it.

    Call it in the main thread: it catches SIGINT, SIGTERM and SIGHUP.

    A failed start raises DataError, DirectoryInUse, PortError, StartError or OSError.

    Args:
        layout: Parts to start.
        directory: Directory of data and logs; None creates a temporary one.
        env_path: Shell file to write with the environment of the stack; None writes none.
        demonstrate: Run the demo, then stop.
        restart: Restart a part that ends after the start, instead of stopping the stack.
        echo: Called with messages for the user.

    Returns:
        Exit code: 0 after a signal or a successful demo.
    """
    with ExitStack() as undo:
        interrupts = undo.enter_context(catch_signals())
        place = undo.enter_context(stack_directory(directory))
        stack = LocalStack(place, layout)
        undo.callback(stack.stop)
        if env_path is not None:
            # A file left by a killed stack has addresses of servers that are gone.
            env_path.unlink(missing_ok=True)
        try:
            echo(f"Starting {_names(layout)}")
            echo(f"Data and logs are in {place}")
            echo(f"Using {describe_etcd()}")
            stack.start(interrupts.check)
            if demonstrate and stack.web is not None:
                echo(f"The web page is at {stack.web.url} until the demo ends.")
            supervisor = Supervisor(stack.parts(), restart=restart, echo=echo)
            if env_path is not None:
                undo.enter_context(env_file(env_path, stack.environment))
            if demonstrate:
                code = _demonstrate(stack, supervisor, interrupts)
                if code == 0:
                    echo(NEXT_STEPS)
                return code
        except StopRequested as end:
            echo(f"Stopping: {end}.")
            return 128 + end.signal
        echo(describe_stack(stack, kept=directory is not None))
        return _keep(supervisor, interrupts, echo)


def _names(layout: Layout) -> str:
    subarrays = "1 subarray" if layout.subarrays == 1 else f"{layout.subarrays} subarrays"
    simulator = ", simulator" if layout.simulate else ""
    web = ", web page" if layout.web else ""
    return f"etcd, the Tango database, controller, {subarrays}{simulator}{web}"


def _keep(supervisor: Supervisor, interrupts: Interrupts, echo: Echo) -> int:
    try:
        interrupts.wait_for(lambda: not supervisor.check())
    except StopRequested:
        echo("Stopping the stack.")
        return 0
    echo("Stopping the other parts.")
    return 1


def _demonstrate(stack: LocalStack, supervisor: Supervisor, interrupts: Interrupts) -> int:
    command = [sys.executable, "-m", "ska_sdp_lmc.cli", "demo", "--prefix", stack.layout.prefix]
    demo = ServerProcess("demo", command, log=None, env=clean_environment(**stack.environment))
    try:
        interrupts.wait_for(lambda: not (demo.alive and supervisor.check()))
    finally:
        demo.stop()
    # The demo may have failed because a part ended.
    if not supervisor.check():
        return 1
    return demo.returncode or 0
