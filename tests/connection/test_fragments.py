"""Parts of watch responses, joined to whole revisions."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.fragments import is_fragment, whole_revisions


def response(revisions: list[int]) -> etcdrpc.WatchResponse:
    found = etcdrpc.WatchResponse()
    for revision in revisions:
        found.events.add(kv={"key": b"k", "mod_revision": revision})
    return found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([([1, 2], False)], [[1, 2]]),
        ([([], False)], [[]]),
        ([([1, 2], True), ([3], False)], [[1], [2, 3]]),
        ([([1, 2], True), ([2, 3], False)], [[1], [2, 2, 3]]),
        ([([1], True), ([1], True), ([1], False)], [[], [], [1, 1, 1]]),
        ([([1, 2], True), ([], True), ([3], False), ([4], False)], [[1], [], [2, 3], [4]]),
    ],
)
def test_parts_are_joined_to_whole_revisions(
    parts: list[tuple[list[int], bool]], expected: list[list[int]]
) -> None:
    found = whole_revisions((response(each), is_followed) for each, is_followed in parts)
    assert [[event.kv.mod_revision for event in each.events] for each in found] == expected


def test_fragment_is_recognized_by_its_unknown_field() -> None:
    assert is_fragment(etcdrpc.WatchResponse.FromString(b"\x38\x01"))
    assert not is_fragment(etcdrpc.WatchResponse.FromString(b"\x38\x00"))
    assert not is_fragment(response([1]))


def test_fragment_is_recognized_by_its_name() -> None:
    """Newer generated messages know the field, so it is no unknown one."""
    file = descriptor_pb2.FileDescriptorProto(name="newer.proto", syntax="proto3")
    fields = descriptor_pb2.FieldDescriptorProto
    field = fields(name="fragment", number=7, type=fields.TYPE_BOOL, label=fields.LABEL_OPTIONAL)
    file.message_type.add(name="Newer", field=[field])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    newer = message_factory.GetMessageClass(pool.FindMessageTypeByName("Newer"))
    assert is_fragment(newer.FromString(b"\x38\x01"))
    assert not is_fragment(newer.FromString(b"\x38\x00"))
