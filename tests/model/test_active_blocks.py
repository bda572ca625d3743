"""Index of the blocks that have not ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc.active_blocks import ActiveBlocks

PATHS = [
    *("/eb/a", "/eb/b", "/eb/a/state", "/eb/a/x/y"),
    *(
        "/pb/a",
        "/pb/a/state",
        "/pb/a/owner",
        "/pb/a/x/state",
        "/pb/b",
        "/pb/b/state",
        "/pb/c/state",
        "/pb//state",
        "/pb/a/",
        "/pb/",
        "/eb/",
    ),
    *("/ebx/a", "/deploy/a/state"),
]
TEXTS = [
    '{"status": "ACTIVE"}',
    '{"status": "RUNNING"}',
    '{"status": "FINISHED"}',
    '{"status": "CANCELLED"}',
    '{"status": "FAILED"}',
    '{"status": [5]}',
    "{}",
    "5",
    "not JSON",
    None,
]
WRITES = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(TEXTS)), max_size=5)
Texts = Mapping[str, str]


def built(texts: Texts) -> ActiveBlocks:
    def at(prefix: str, depth: int) -> Iterable[tuple[str, str]]:
        return [
            (path, text)
            for path, text in texts.items()
            if path.startswith(prefix) and path.count("/") == depth
        ]

    index = ActiveBlocks()
    index.build(at("/eb/", 2), at("/pb/", 3), at("/pb/", 2))
    return index


@given(histories=st.lists(WRITES, max_size=8))
def test_updated_index_equals_built_one(histories: list[list[tuple[str, str | None]]]) -> None:
    texts: dict[str, str] = {}
    index = built(texts)
    for writes in histories:
        for path, text in writes:
            if text is None:
                texts.pop(path, None)
            else:
                texts[path] = text
        index.update(
            [path for path, _ in writes], lambda paths: {path: texts.get(path) for path in paths}
        )
        expected = built(texts)
        assert index.documents == expected.documents
        assert index.unreadable == expected.unreadable


def test_ended_blocks_are_not_kept() -> None:
    texts = {
        "/eb/eb-a": '{"status": "FINISHED"}',
        "/eb/eb-b": '{"status": "ACTIVE"}',
        "/pb/pb-a": '{"eb_id": "eb-a"}',
        "/pb/pb-a/state": '{"status": "FINISHED"}',
        "/pb/pb-b": '{"eb_id": "eb-b"}',
        "/pb/pb-b/state": '{"status": "RUNNING"}',
        "/pb/pb-b/owner": '{"pid": 1}',
        "/pb/pb-c": '{"eb_id": "eb-b"}',
        "/pb/pb-d": "not JSON",
        "/pb/pb-d/state": '{"status": "FAILED"}',
    }
    index = built(texts)
    assert sorted(index.documents) == ["/eb/eb-b", "/pb/pb-b", "/pb/pb-b/state", "/pb/pb-c"]
    assert index.unreadable == {"/pb/pb-d"}
