"""Client of etcd that is killed at a call: ``python -m tests.faults.killed_client PLACE KIND``.

PLACE is the number of a kill point and that of one of its tests, such as ``7.1``; KIND is the name
of the backend, which the environment configures.
"""

from __future__ import annotations

import sys

from ska_sdp_config.backends import connect
from tests.faults.client_scenes import SCENES, Scene
from tests.faults.cuts import Cuts, cut_channels, kill, lose_connection
from tests.faults.kill_points import KILL_POINTS, cuts_of


def main() -> None:
    """Run the scene of the kill point.

    Raises:
        AssertionError: the process was not killed.
    """
    place, kind = sys.argv[1:]
    row, test = map(int, place.split("."))
    point = KILL_POINTS[row]
    *ways, last = list(cuts_of(point))[test]
    cuts = Cuts()

    def begin() -> None:
        cuts.plan = [*((way, lose_connection) for way in ways), (last, kill)]

    with connect(kind) as backend, connect("etcd3") as other:
        cut_channels(backend, cuts)
        SCENES[point.scene](Scene(backend, other, begin, lambda: not cuts.plan))
    raise AssertionError(f"{last} was not reached")


if __name__ == "__main__":
    main()
