"""Keys that each role may write: exactly those that its component writes."""

from __future__ import annotations

import pytest

from ska_sdp_config.store.keys import key_of_path
from ska_sdp_lmc.ops.secure_etcd.rights import READER, plan
from ska_sdp_lmc.runtime.access import TOKEN, Access

EB, PB = "/eb/eb-x-20260101-00000", "/pb/pb-x-20260101-00000"

PATHS = {
    "/lmc/controller",
    "/lmc/subarray/01",
    "/lmc/subarray/02",
    *(
        f"/component/{name}/owner"
        for name in ("lmc-controller", "lmc-subarray-01", "lmc-subarray-02", "proccontrol")
    ),
    "/component/helmdeploy/owner",
    EB,
    f"{EB}/state",
    PB,
    f"{PB}/state",
    f"{PB}/owner",
    "/deploy/proc-x",
    "/deploy/proc-x/state",
    "/script/realtime:vis-receive:1.0.0",
    "/flow/pb-x:data-product:vis",
    "/flow/pb-x:data-product:vis/state",
    "/dependency/pb-x:data-product:vis:pb-y",
    "/resource/storage:capacity-buffer",
    "/resource/storage:capacity-buffer/state",
    "/request/pb-x:buffer",
    "/allocation/pb-x:buffer",
    "/system",
}
"""One path of each kind in the database."""

SUBARRAY = {EB, f"{EB}/state", PB}
OF_BLOCKS = {f"{PB}/state", f"{PB}/owner"}
DEPLOYMENTS = {"/deploy/proc-x", "/deploy/proc-x/state"}
RESOURCES = {path for path in PATHS if path.startswith("/resource/")}
FLOWS = {path for path in PATHS if path.startswith(("/flow/", "/dependency/"))}

WRITES = {
    READER: set(),
    "lmc-controller": {"/lmc/controller", "/component/lmc-controller/owner"},
    "lmc-subarray-01": {"/lmc/subarray/01", "/component/lmc-subarray-01/owner", *SUBARRAY},
    "lmc-subarray-02": {"/lmc/subarray/02", "/component/lmc-subarray-02/owner", *SUBARRAY},
    "proccontrol": {
        "/component/proccontrol/owner",
        *OF_BLOCKS,
        *DEPLOYMENTS,
        "/request/pb-x:buffer",
        "/allocation/pb-x:buffer",
    },
    "helmdeploy": {"/component/helmdeploy/owner", "/deploy/proc-x/state", *RESOURCES},
    "script": {*OF_BLOCKS, EB, f"{EB}/state", *DEPLOYMENTS, *FLOWS, "/request/pb-x:buffer"},
    "operator": {path for path in PATHS if not path.startswith(("/lmc/", "/component/"))},
}


def written(prefix: str, key_prefix: str) -> dict[str, set[str]]:
    """Return the paths, below a prefix of the keys, that each role of a system may write."""
    keys = {path: key_of_path(key_prefix + path) for path in PATHS}
    return {
        role.name: {path for path, key in keys.items() if any(key in span for span in role.writes)}
        for role in plan(["01", "02"], prefix).roles
    }


def test_role_writes_the_paths_of_its_component() -> None:
    assert written("", "") == WRITES


def test_prefix_precedes_keys_and_names() -> None:
    named = {f"mid-a-{name}": paths for name, paths in WRITES.items() if name != READER}
    assert written("/mid/a", "/mid/a") == {READER: set(), **named}


def test_role_does_not_write_keys_of_another_system() -> None:
    assert not any(written("/mid", "/low").values())
    assert not any(written("", "/low").values())
    assert not any(written("/low", "").values())


def test_roles_except_reader_write_tokens_and_only_reader_reads_all() -> None:
    roles = plan(["01"]).roles
    for role in roles:
        assert any("token/abc-0" in span for span in role.writes) != (role.name == READER)
    assert [role.name for role in roles if role.reads_all] == [READER]


def test_user_has_the_reader_and_only_planned_roles() -> None:
    wanted = plan(["01", "02"])
    names = {role.name for role in wanted.roles}
    for user in wanted.users:
        assert READER in user.roles
        assert names.issuperset(user.roles)


def test_invalid_prefix_is_rejected() -> None:
    with pytest.raises(ValueError, match="mid"):
        plan(["01"], "mid")


@pytest.mark.parametrize("prefix", ["", "/test"])
@pytest.mark.parametrize("name", ["lmc-controller", "lmc-subarray-01", "lmc-subarray-02"])
def test_device_checks_exactly_the_rights_of_its_role(name: str, prefix: str) -> None:
    subarray = name.rpartition("-")[2]
    access = (
        Access.of_controller(name, "/resource/capacity-buffer", prefix)
        if name == "lmc-controller"
        else Access.of_subarray(subarray, ["proccontrol"], prefix)
    )
    keys = [TOKEN, *map(key_of_path, access.writes)]
    full_name = "-".join([*prefix.split("/")[1:], name])
    (role,) = (role for role in plan(["01", "02"], prefix).roles if role.name == full_name)
    assert {key for key in keys if any(key in span for span in role.writes)} == set(keys)
    assert {span for span in role.writes if any(key in span for key in keys)} == role.writes
