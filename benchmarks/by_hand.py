"""Baseline: the same work written directly on the gRPC stubs."""

from __future__ import annotations

from typing import Any

import grpc
from pyetcd import etcdrpc

__all__ = ["ByHand"]

PAGE = 2_000
"""Keys read in one call."""


class ByHand:
    """Direct calls on one channel.

    Args:
        host: host name of etcd.
        port: its client port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.channel = grpc.insecure_channel(
            f"{host}:{port}", options=[("grpc.max_receive_message_length", -1)]
        )
        self.kv = etcdrpc.KVStub(self.channel)

    def get(self, key: str) -> Any:
        """Read one key."""
        return self.kv.Range(etcdrpc.RangeRequest(key=key.encode()), timeout=5).kvs[0]

    def get_all(self, keys: list[str]) -> list[Any]:
        """Read some keys in one call."""
        reads = [
            etcdrpc.RequestOp(request_range=etcdrpc.RangeRequest(key=key.encode())) for key in keys
        ]
        response = self.kv.Txn(etcdrpc.TxnRequest(success=reads), timeout=5)
        return [each.response_range.kvs[0] for each in response.responses]

    def commit(self, read: list[Any], writes: dict[str, str]) -> bool:
        """Commit the writes if the keys read are unchanged."""
        compares = [
            etcdrpc.Compare(
                result=etcdrpc.Compare.EQUAL,
                target=etcdrpc.Compare.MOD,
                key=kv.key,
                mod_revision=kv.mod_revision,
            )
            for kv in read
        ]
        puts = [
            etcdrpc.RequestOp(
                request_put=etcdrpc.PutRequest(key=key.encode(), value=value.encode())
            )
            for key, value in writes.items()
        ]
        request = etcdrpc.TxnRequest(compare=compares, success=puts)
        return bool(self.kv.Txn(request, timeout=5).succeeded)

    def increment(self, key: str) -> None:
        """Increment one key, with retries after conflicts."""
        while True:
            kv = self.get(key)
            if self.commit([kv], {key: str(int(kv.value) + 1)}):
                return

    def read_pages(self, prefix: str) -> list[tuple[str, str]]:
        """Read all keys of a prefix in pages at one revision."""
        begin, end = prefix.encode(), prefix[:-1].encode() + bytes([ord(prefix[-1]) + 1])
        found: list[tuple[str, str]] = []
        revision = 0
        while True:
            request = etcdrpc.RangeRequest(key=begin, range_end=end, limit=PAGE, revision=revision)
            response = self.kv.Range(request, timeout=30)
            found += [(kv.key.decode(), kv.value.decode()) for kv in response.kvs]
            if not response.more:
                return found
            revision = revision or response.header.revision
            begin = response.kvs[-1].key + b"\0"

    def database_size(self) -> int:
        """Return the size of the database's file in bytes."""
        maintenance = etcdrpc.MaintenanceStub(self.channel)
        return int(maintenance.Status(etcdrpc.StatusRequest(), timeout=5).dbSize)

    def close(self) -> None:
        """Close the channel."""
        self.channel.close()
