"""Program that runs the whole stack and its clients under faults, and checks what they recorded.

All faults depend on the random seed: the same one repeats their kinds, order and durations. The
directory keeps the histories, the data and the logs. The exit code is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ska_sdp_config.version import __version__
from tests.faults.check import LIMIT_S, RUN_FILE, SETTLED, check_directory
from tests.faults.checkers.early_ends import CLUSTER
from tests.faults.checkers.observations import completed
from tests.faults.history import HistoryWriter
from tests.faults.nemesis import Nemesis, Pace
from tests.faults.resources import SAMPLES, Sampler, levels, read_samples
from tests.faults.running import history_of
from tests.faults.scene import Plan, Scene
from tests.faults.summary import summary_of, text_of
from tests.services.debian import SUITES
from tests.services.etcd import version_of
from tests.services.versions import program_of

__all__ = ["REST_S", "Run", "etcd_of", "execute", "make_plan", "parser"]

REST_S = LIMIT_S + 8
"""Seconds without faults after a round: longer than subscribers need to show a stable value."""

DIRECTORIES = Path("build", "faults")
"""Directory of the directories of runs that name none."""

NEWEST_FIRST = [*reversed(SUITES), "3.4"]
"""Versions of etcd of which the first one that is available is the default."""


@dataclass
class Run:
    """One run, and the results that its histories do not contain.

    In a soak, memory, threads and descriptors have to stay level.

    Attributes:
        plan: what runs.
        pace: pace of the faults.
        faults: greatest number of faults.
        minutes: minutes after which no round of faults begins.
        endings: reports of members of the cluster that ended by themselves: their disk was full.
        skipped: messages about faults that are not possible here.
    """

    plan: Plan
    pace: Pace
    faults: int
    minutes: float
    endings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def run(self) -> None:
        """Run the stack and its clients under faults, until all has settled and ended."""
        began = time.monotonic()
        history = history_of(self.plan.directory, "nemesis")
        with (
            Scene(self.plan) as scene,
            HistoryWriter(history, "nemesis") as written,
        ):
            self.skipped = scene.skipped
            written.note(CLUSTER, etcd=version_of(self.plan.etcd))

            sampler: Sampler | None = None

            def after_round(begun: int) -> None:
                self.endings += scene.revive()
                scene.check()
                if sampler is not None:
                    # Otherwise its error would be raised only hours later.
                    sampler.check()
                say(f"{begun} faults in {time.monotonic() - began:.0f} s")

            say(f"all is ready after {time.monotonic() - began:.0f} s")
            nemesis = Nemesis(scene.groups(), written, self.pace)
            with ExitStack() as sampled:
                if self.plan.is_soak:
                    samples = self.plan.directory / SAMPLES
                    sampler = sampled.enter_context(Sampler(samples, scene.processes))
                nemesis.run(self.faults, 60 * self.minutes, after_round)
            scene.settle(REST_S)
        (self.plan.directory / SETTLED).touch()
        self.seconds = time.monotonic() - began

    def check(self) -> dict[str, Any]:
        """Check what was recorded, write the summary, and return it."""
        found, operations, changes = check_directory(self.plan.directory, has_settled=True)
        samples = read_samples(self.plan.directory / SAMPLES) if self.plan.is_soak else ()
        summary = summary_of(
            operations,
            found.violations,
            seconds=self.seconds,
            observations=len(completed(operations, changes)),
            standing=sum(found.standing.values()),
            excused_stuck=found.excused_stuck,
            excused_ownership=found.excused_ownership,
            seed=self.plan.seed,
            etcd=version_of(self.plan.etcd),
            backend=self.plan.backend,
            version=__version__,
            python=platform.python_version(),
            skipped=self.skipped,
            endings=self.endings,
            levels=[each._asdict() for each in levels(samples)],
            has_settled=True,
        )
        (self.plan.directory / RUN_FILE).write_text(json.dumps(summary, indent=2) + "\n")
        return summary

    def command(self) -> str:
        """Return the command that repeats the faults."""
        plan = self.plan
        words: list[object] = [
            *("--seed", plan.seed, "--etcd", version_of(plan.etcd), "--backend", plan.backend),
        ]
        if plan.is_soak:
            words += ["--hours", self.minutes / 60]
        else:
            words += ["--faults", self.faults, "--minutes", self.minutes]
            words += ["--round", self.pace.faults]
            words += [] if plan.with_clock else ["--real-clock"]
        program = "soak" if plan.is_soak else "run"
        return f"python -m tests.faults.{program} {shlex.join(map(str, words))}"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def etcd_of(version: str) -> str:
    """Return the path of an etcd, ``3.4.23`` of this machine's Debian, ``3.5.30`` of another.

    Raises:
        FileNotFoundError: it is not available here.
    """
    # This machine has at most one version of 3.4.
    wanted = "3.4" if version.startswith("3.4.") else version
    try:
        program = program_of(wanted)
    except pytest.skip.Exception as missing:
        raise FileNotFoundError(f"etcd {version} is not available: {missing}") from None
    if not version_of(program).startswith(version):
        raise FileNotFoundError(f"etcd {version} is not available, but {version_of(program)}")
    return program


def newest_etcd() -> str:
    """Return the path of the newest etcd that is available; exit without any."""
    reasons = []
    for version in NEWEST_FIRST:
        try:
            return etcd_of(version)
        except FileNotFoundError as error:
            reasons.append(str(error))
    sys.exit("\n".join(reasons))


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of the arguments of ``make_plan``."""
    arguments = argparse.ArgumentParser(description=description.partition("\n")[0])
    arguments.add_argument("--seed", type=int, help="random seed, by default a random one")
    arguments.add_argument("--etcd", help="version, such as 3.4 or 3.5.16; by default the newest")
    arguments.add_argument("--backend", default="etcd3", choices=["etcd3", "etcd3_revolution1"])
    arguments.add_argument("--directory", type=Path, help="directory of all files, empty or new")
    return arguments


def make_plan(options: argparse.Namespace, **choices: bool) -> Plan:
    """Return the plan of the arguments, whose directory exists and is empty; exit on errors.

    Args:
        options: the parsed arguments.
        choices: further attributes of the plan.
    """
    try:
        etcd = etcd_of(options.etcd) if options.etcd else newest_etcd()
    except FileNotFoundError as error:
        sys.exit(str(error))
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    directory = options.directory
    if directory is None:
        DIRECTORIES.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=f"{seed}-", dir=DIRECTORIES))
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        sys.exit(f"{directory} is not empty: name a new directory")
    return Plan(directory.absolute(), etcd, options.backend, seed, **choices)


def execute(run: Run) -> bool:
    """Run, check, and print the summary; return whether no promise was broken."""
    # The default would leave the processes and the small disk.
    signal.signal(signal.SIGTERM, end_once)
    plan = run.plan
    say(f"random seed {plan.seed}, directory {plan.directory}")
    is_good = False
    try:
        run.run()
        summary = run.check()
        say(text_of(summary))
        is_good = not summary["violations"]
        if is_good and plan.directory.parent == DIRECTORIES.absolute():
            keep_summary(plan.directory)
    finally:
        if not is_good:
            say(f"failed with random seed {plan.seed}; its history is kept in {plan.directory}")
            say(f"run again: {run.command()}")
            say(f"check again: python -m tests.faults.check {plan.directory}")
    return is_good


def end_once(*_: object) -> NoReturn:
    """End the program on the first SIGTERM; a further one does not interrupt the clean-up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit("ended by SIGTERM")


def keep_summary(directory: Path) -> None:
    """Delete everything in the directory of a run but its summary."""
    for each in directory.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        elif each.name != RUN_FILE:
            each.unlink()


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--faults", type=int, default=10_000, help="end after so many faults")
    arguments.add_argument("--minutes", type=float, default=5, help="end after so many minutes")
    arguments.add_argument("--round", type=int, default=40, help="faults between two rests")
    arguments.add_argument("--real-clock", action="store_true", help="do not step the clock")
    options = arguments.parse_args()
    pace = Pace(options.round, REST_S)
    plan = make_plan(options, with_clock=not options.real_clock)
    run = Run(plan, pace, options.faults, options.minutes)
    sys.exit(0 if execute(run) else 1)


if __name__ == "__main__":
    main()
