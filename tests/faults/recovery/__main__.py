"""Command `python -m tests.faults.recovery`: recovery times of clients and watchers.

A cluster of three etcd members is struck by one fault after the other. After each kind of fault
its rows of the JSON file are replaced, and printed.
"""

from __future__ import annotations

import argparse
import logging
import random
import secrets
import sys
import tempfile
from pathlib import Path

from docs.generate.recovery import rows_table

from tests.faults.recovery.kinds import FAULTS
from tests.faults.recovery.measure import measure
from tests.faults.recovery.results import Results
from tests.faults.recovery.struck_cluster import StruckCluster
from tests.faults.run import etcd_of
from tests.services.etcd import version_of

LOGGER = logging.getLogger(__name__)

FIGURES = Path("docs/explanation/recovery.json")


def main() -> None:
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="python -m tests.faults.recovery", description=__doc__)
    parser.add_argument("faults", nargs="*", default=names, help=f"any of {names}; default: all")
    parser.add_argument("--times", type=int, default=20, help="repetitions; default: 20")
    parser.add_argument("--etcd", default="3.5.30", help="version of etcd; default: 3.5.30")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="random seed")
    parser.add_argument("--json", type=Path, default=FIGURES, help=f"default: {FIGURES}")
    parser.add_argument("--log", type=Path, help="file for the log of the clients")
    options = parser.parse_args()
    unknown = sorted(set(options.faults) - set(names))
    if unknown:
        parser.error(f"unknown faults: {', '.join(unknown)}")
    _log_to(options.log)
    LOGGER.info("The random seed is %d.", options.seed)
    try:
        program = etcd_of(options.etcd)
    except FileNotFoundError as error:
        sys.exit(str(error))
    results = Results(options.json, version_of(program))
    chance = random.Random(options.seed)
    with (
        tempfile.TemporaryDirectory() as directory,
        StruckCluster(program, Path(directory), chance) as cluster,
    ):
        for fault in FAULTS:
            if fault.name in options.faults:
                samples = []
                for _ in range(options.times):
                    samples.append(measure(cluster, fault))
                    LOGGER.info("%s: %s", fault.name, samples[-1])
                sys.stdout.write(f"{rows_table(results.put(fault, samples))}\n")
                sys.stdout.flush()


def _log_to(file: Path | None) -> None:
    """Log the clients' warnings to a file, or nowhere: they belong to the faults."""
    logging.basicConfig(
        filename=file,
        level=logging.INFO if file else logging.CRITICAL,
        format="%(asctime)s %(threadName)s %(name)s %(message)s",
    )


if __name__ == "__main__":
    main()
