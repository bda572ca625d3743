"""Example messages of the package."""

from __future__ import annotations

import json

import pytest

from ska_sdp_config.lmc.schema.versions import KNOWN
from ska_sdp_lmc.messages import (
    host_and_port,
    parse_assign_resources,
    parse_configure,
    read_receive_addresses,
)
from ska_sdp_lmc.messages.examples import example, example_names

from .small import PARSERS, block_of

NAMES = example_names()
ADDRESSES = [name for name in NAMES if name.startswith("recvaddrs-")]


def test_every_schema_and_version_has_example() -> None:
    schemas = {*PARSERS, "recvaddrs"}
    assert set(NAMES) == {f"{schema}-{version}" for schema in schemas for version in KNOWN}


@pytest.mark.parametrize("name", NAMES)
def test_interface_of_example_matches_its_name(name: str) -> None:
    interface = json.loads(example(name))["interface"]
    assert interface.rpartition("/ska-sdp-")[2] == name.replace("-", "/")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ADDRESSES])
def test_example_is_valid_at_every_strictness(name: str) -> None:
    parse = PARSERS[name.partition("-")[0]]
    strict = parse(example(name), 2)
    assert strict.warnings == ()
    assert parse(example(name), 1) == parse(example(name), 0) == strict


@pytest.mark.parametrize("name", ADDRESSES)
def test_example_of_receive_addresses_is_valid(name: str) -> None:
    assert read_receive_addresses(json.loads(example(name))) == ()


def test_example_has_addresses_of_channel() -> None:
    beam = json.loads(example("recvaddrs-0.5"))["image:fornax-a"]["sky"]
    assert host_and_port(beam, 6001) == ("visibility-receive-00310-1.receive.observing", 21001)


@pytest.mark.parametrize("version", ["0.4", "1.0", "2.1"])
def test_assignment_has_every_kind_of_content(version: str) -> None:
    message = parse_assign_resources(example(f"assignres-{version}")).message
    block = block_of(message)
    assert len({beam["function"] for beam in block["beams"]}) == 5
    assert all(
        [*block["scan_types"][1:], *block["channels"], *block["polarisations"], *block["fields"]]
    )
    kinds = [pb["script"]["kind"] for pb in message.processing_blocks]
    assert kinds.count("realtime") == kinds.count("batch") == 3
    assert message.resources is not None
    assert message.resources.receive_nodes == 3


def test_new_scan_types_are_not_in_assignment() -> None:
    for version in ("0.2", "0.3", "0.4"):
        block = parse_assign_resources(example(f"assignres-{version}")).message.execution_block
        configure = parse_configure(example(f"configure-{version}")).message
        assert block is not None
        known = {scan_type["scan_type_id"] for scan_type in block["scan_types"]}
        assert configure.scan_type not in known
        assert configure.scan_type == configure.new_scan_types[0]["scan_type_id"]


def test_unknown_example_raises_key_error() -> None:
    with pytest.raises(KeyError, match=r"there is no example 'assignres-9\.9', there"):
        example("assignres-9.9")
