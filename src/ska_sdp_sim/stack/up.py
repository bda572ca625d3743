"""Run the stack until a signal arrives, the demonstration is over, or a part ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ska_sdp_sim.stack.directory import stack_directory
from ska_sdp_sim.stack.env_file import env_file
from ska_sdp_sim.stack.etcd import describe_etcd
from ska_sdp_sim.stack.interrupts import AskedToEnd, Interrupts, watched
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.process import ServerProcess
from ska_sdp_sim.stack.programs import clean_environment
from ska_sdp_sim.stack.reach import how_to_reach
from ska_sdp_sim.stack.supervisor import Supervisor

Say = Callable[[str], None]


def up(
    layout: Layout,
    *,
    directory: Path | None,
    env_path: Path | None,
    demonstrate: bool,
    restart: bool,
    say: Say,
) -> int:
    """Start the stack, keep it while it is wanted, stop all of it.

    Call it from the main thread: it catches SIGINT, SIGTERM and SIGHUP.

    Args:
        layout: What to start.
        directory: For data and logs; None makes one that is removed at the end.
        env_path: Where to write the shell's way to the stack; None writes none.
        demonstrate: Run the demonstration on it and end with it.
        restart: Restart a part that ends once all have started, instead of ending with it.
        say: Takes what the user is to read, some lines at a time.

    Returns:
        Exit code: 0 when a signal asked for the end or the demonstration went well.

    Raises:
        DataError: the layout has a number or prefix that no device name can carry.
        DirectoryInUse: another stack runs in the directory.
        FileNotFoundError: a program is not installed.
        OSError: the directory or the environment file cannot be written.
        PortError: a fixed port is in use or does not exist.
        StartError: a part ended or did not answer in time.
    """
    with ExitStack() as undo:
        interrupts = undo.enter_context(watched())
        place = undo.enter_context(stack_directory(directory))
        stack = LocalStack(place, layout)
        undo.callback(stack.stop)
        if env_path is not None:
            # One that a killed stack left behind would send a waiting shell to nowhere.
            env_path.unlink(missing_ok=True)
        try:
            say(f"Starting {_names(layout)}; data and logs are in {place}")
            say(f"Using {describe_etcd()}")
            stack.start(interrupts.check)
            supervisor = Supervisor(stack.parts(), restart=restart, say=say)
            if env_path is not None:
                undo.enter_context(env_file(env_path, stack.environment))
            if demonstrate:
                return _demonstrate(stack, supervisor, interrupts)
        except AskedToEnd as end:
            say(f"Stopping: {end}.")
            return 128 + end.signal
        say(how_to_reach(stack, kept=directory is not None))
        return _keep(supervisor, interrupts, say)


def _names(layout: Layout) -> str:
    subarrays = "1 subarray" if layout.subarrays == 1 else f"{layout.subarrays} subarrays"
    simulator = ", the simulator" if layout.simulate else ""
    return f"etcd, the Tango database, the controller, {subarrays}{simulator}"


def _keep(supervisor: Supervisor, interrupts: Interrupts, say: Say) -> int:
    try:
        interrupts.wait_for(lambda: not supervisor.check())
    except AskedToEnd:
        say("Stopping all of it.")
        return 0
    say("Stopping the rest.")
    return 1


def _demonstrate(stack: LocalStack, supervisor: Supervisor, interrupts: Interrupts) -> int:
    command = [sys.executable, "-m", "ska_sdp_lmc.cli", "demo", "--prefix", stack.layout.prefix]
    demo = ServerProcess(
        "demonstration", command, log=None, env=clean_environment(**stack.environment)
    )
    try:
        interrupts.wait_for(lambda: not (demo.alive and supervisor.check()))
    finally:
        demo.stop()
    # A demonstration may have ended because a part did.
    if not supervisor.check():
        return 1
    return demo.returncode or 0
