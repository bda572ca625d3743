"""Documents and database contents for tests of several commands."""

from __future__ import annotations

from typing import Any

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

STORED: dict[str, Any] = {
    "/deploy/dpl-a": {"kind": "helm", "args": {}},
    "/dependency/pb-a:k:vis:o": {},
    "/eb/eb-a": {"test": True},
    "/flow/pb-a:data-queue:vis": {},
    "/lmc/controller": {},
    "/lmc/subarray/01": {},
    "/pb/pb-a": {},
    "/pb/pb-b": {},
    "/pb/pb-b/state": {"status": "RUNNING"},
    "/allocation/pb-a:data": {},
    "/request/pb-a:data": {},
    "/resource/storage:buffer": {},
    "/script/batch:test:0.0.0": {"image": "i"},
    "/system": {"old": 1},
    "/x": [],
}
