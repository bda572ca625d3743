"""Program that runs the stack for hours under rare faults; its processes have to stay level.

No process of the stack and no client is killed or paused, no clock is stepped, and nothing fills
the database, so that what each process uses can be compared over the whole run: see
``tests.faults.resources``.
"""

from __future__ import annotations

import sys

from tests.faults.nemesis import Pace
from tests.faults.run import REST_S, Run, execute, make_plan, parser

PACE = Pace(faults=10, rest_s=60 + REST_S, slowness=4)
"""Ten faults in somewhat more than a minute, then almost a minute and a half without."""

MAX_FAULTS = 1_000_000


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--hours", type=float, default=0.5, help="duration in hours")
    options = arguments.parse_args()
    plan = make_plan(options, with_parts=False, with_clock=False, is_soak=True)
    run = Run(plan, PACE, MAX_FAULTS, 60 * options.hours)
    sys.exit(0 if execute(run) else 1)


if __name__ == "__main__":
    main()
