"""Each part of the stack is killed during a scan; the effects match the operators' guide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.part import Part
from tests.e2e.killed import MARIADB, PARTS, STATEMENTS, check_guide
from tests.e2e.subarray import Subarray


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack with health endpoints, and a second subarray without an observation."""
    layout = Layout(subarrays=2, health=True)
    with LocalStack(tmp_path_factory.mktemp("killed"), layout) as stack:
        yield stack


def parts(stack: LocalStack) -> dict[str, Part]:
    """The parts of the stack, as the guide calls them."""
    controller = next(s for s in stack.servers if "test-sdp/control/0" in s.devices)
    subarray = next(s for s in stack.servers if "test-sdp/subarray/01" in s.devices)
    assert stack.simulator is not None
    return {
        "etcd": stack.etcd,
        "the Tango database": stack.tango_db,
        "the controller's server": controller,
        "a subarray's server": subarray,
        "the processing controller and helm deployer": stack.simulator,
    }


def test_every_statement_of_the_guide_is_used() -> None:
    made = {word for part in PARTS.values() for word in (*part["meanwhile"], *part["afterwards"])}
    assert made == set(STATEMENTS)
    assert all(part["do"].strip() for part in PARTS.values())


@pytest.mark.long
@pytest.mark.parametrize("part", [part for part in PARTS if part != MARIADB])
def test_killed_part_has_the_effects_of_the_guide(
    part: str, stack: LocalStack, subarray: Subarray, config: Config
) -> None:
    # MariaDB is killed in test_tango_databases.py.
    assert set(parts(stack)) == set(PARTS) - {MARIADB}
    check_guide(part, parts(stack)[part], stack, subarray, config)
