"""Ids, paths and addresses."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pydantic import TypeAdapter

from ska_sdp_config.entity.common import (
    AbsolutePurePath,
    AnyPurePath,
    AnyTRL,
    AttributeTRL,
    ExecutionBlockId,
    KafkaUrl,
    ProcessingBlockId,
    RelativePurePath,
)
from ska_sdp_config.entity.common.ids import check_block_id, check_deployment_id, check_path_part

BAD_EVERYWHERE = ["", "a/b", "a b", "ä", "a\n", "\x00", "a" * 129]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            check_block_id,
            ["pb-sim-20240101-00000", "sbi-mvp01-20200325-00001", "A", "a" * 96],
            ["-a", "a_b", "a.b", "a:b", "a" * 97],
        ),
        (check_deployment_id, ["proc-pb-x-receive", "-", "a" * 96], ["a_b", "a.b", "a" * 97]),
        (check_path_part, ["a_b", "a.b:c", "-", "..", "a" * 128], []),
    ],
)
def test_id_checks_accept_valid_and_reject_invalid(check: Any, good: Any, bad: Any) -> None:
    assert [check(text) for text in good] == good
    for text in bad + BAD_EVERYWHERE:
        with pytest.raises(ValueError, match="use 1 to"):
            check(text)


@pytest.mark.parametrize("kind", [ProcessingBlockId, ExecutionBlockId])
def test_id_types_validate(kind: Any) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python("pb-x") == "pb-x"
    with pytest.raises(ValueError, match="a_b"):
        adapter.validate_python("a_b")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (AnyPurePath, ["/a/b", "a/b", "."], [5, None]),
        (AbsolutePurePath, ["/a/b", "/"], ["a", ".", 5]),
        (RelativePurePath, ["a/b", "."], ["/a", 5]),
    ],
)
def test_path_types_accept_valid_and_reject_invalid(kind: Any, good: Any, bad: Any) -> None:
    adapter = TypeAdapter(kind)
    for text in good:
        for given in (text, Path(text), PurePosixPath(text)):
            path = adapter.validate_python(given)
            assert type(path) is PurePosixPath
            assert path == PurePosixPath(text)
            assert adapter.validate_json(adapter.dump_json(path)) == path
    for value in bad:
        with pytest.raises(ValueError, match=r"."):
            adapter.validate_python(value)


@pytest.mark.parametrize(
    ("text", "host", "port", "address"),
    [
        ("kafka://broker:9092", "broker", 9092, "broker:9092"),
        ("broker:9092", "broker", 9092, "broker:9092"),
        ("kafka://10.0.0.1:1/", "10.0.0.1", 1, "10.0.0.1:1"),
        ("[::1]:9092", "::1", 9092, "[::1]:9092"),
    ],
)
def test_kafka_url_has_parts(text: Any, host: Any, port: Any, address: Any) -> None:
    url = KafkaUrl(text)
    assert (url.scheme, url.host, url.port, url.bootstrap_address) == (
        "kafka",
        host,
        port,
        address,
    )
    assert url == f"kafka://{address}" == KafkaUrl(url)


@pytest.mark.parametrize(
    "text", ["broker", "kafka://broker", "http://broker:1", "a:b", "a:99999", ":1", "a b:1"]
)
def test_kafka_url_rejects_invalid_text(text: Any) -> None:
    with pytest.raises(ValueError, match="kafka://host:port"):
        KafkaUrl(text)


@pytest.mark.parametrize(
    "text", [KafkaUrl("a:1"), AnyTRL("a/b/c"), AttributeTRL("a/b/c/d")], ids=repr
)
def test_validated_str_keeps_its_type(text: Any) -> None:
    kind = type(text)
    adapter = TypeAdapter(kind)
    for again in (
        copy.deepcopy(text),
        pickle.loads(pickle.dumps(text)),
        adapter.validate_python(str(text)),
        adapter.validate_python(text),
        adapter.validate_json(adapter.dump_json(text)),
    ):
        assert again == text
        assert type(again) is kind
    with pytest.raises(ValueError, match="string"):
        adapter.validate_python(5)
