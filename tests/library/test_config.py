"""Components, leases, wrappers and threads of a Config."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config import Config, ConfigCollision, ConfigConnectionError
from ska_sdp_sim.stack.etcd import Etcd
from tests.library.conftest import get, run
from tests.support.configs import MakeConfig, wait_until_gone
from tests.support.waiting import wait_until


def test_component_key_exists_until_close(make_config: MakeConfig) -> None:
    other = make_config()
    with make_config(component_name="proccontrol") as config:
        assert config.is_alive()
        owner = json.loads(get(other, "/component/proccontrol/owner"))
        assert owner == config.owner
        assert set(owner) == {"pid", "hostname", "command"}
        for txn in other.txn():
            assert txn.component.list_keys() == ["proccontrol"]
    wait_until_gone(other, "/component/proccontrol/owner")


def test_repr_names_address_and_prefix(make_config: MakeConfig) -> None:
    config = make_config(global_prefix="/test")
    assert repr(config) == f"Config({config.backend.address!r}, global_prefix='/test')"
    assert repr(make_config()) == f"Config({config.backend.address!r})"


def test_repr_has_no_credentials() -> None:
    arguments: dict[str, Any] = {
        "host": "etcd-0,etcd-1",
        "port": 2379,
        "username": "ann",
        "password": "hush",
    }
    with Config(**arguments) as config:
        assert repr(config) == "Config('etcd-0:2379,etcd-1:2379')"


def test_repr_of_database_in_memory_has_its_name() -> None:
    with Config(backend="memory", name="mine") as config:
        assert repr(config) == "Config('memory (mine)')"


def test_is_alive_without_component_raises(config: Config) -> None:
    with pytest.raises(ValueError, match="component_name"):
        config.is_alive()


@pytest.mark.parametrize("name", ["a/b", "a b", "../pb", "ä", "a" * 129])
def test_invalid_component_name_is_rejected(make_config: MakeConfig, name: str) -> None:
    other = make_config()
    before = threading.active_count()
    with pytest.raises(ValueError, match="is no id"):
        make_config(component_name=name)
    wait_until(lambda: threading.active_count() <= before)
    for txn in other.txn():
        assert txn.list_keys("/", recurse=4) == []


def test_wrapper_converts_transactions(make_config: MakeConfig) -> None:
    class Model:
        def __init__(self, txn: Any) -> None:
            self.txn = txn

    config: Config[Model] = make_config(wrapper=Model)
    for model in config.txn():
        assert isinstance(model, Model)
        model.txn.create("/a", "1")
    for watcher in config.watcher():
        for model in watcher.txn():
            assert model.txn.get("/a") == "1"
        break


def test_one_config_serves_a_watching_and_a_writing_thread(config: Config) -> None:
    seen: list[str | None] = []
    ready = threading.Event()

    def watch() -> None:
        for watcher in config.watcher():
            for txn in watcher.txn():
                value = txn.get("/n")
            seen.append(value)
            ready.set()
            if value == "50":
                break

    thread = threading.Thread(target=watch)
    thread.start()
    assert ready.wait(30)
    for number in range(51):
        for txn in config.txn():
            if number:
                txn.update("/n", str(number))
            else:
                txn.create("/n", "0")
    thread.join(30)
    assert not thread.is_alive()
    numbers = [int(value) for value in seen if value is not None]
    assert numbers == sorted(numbers), "a view never goes back"


def test_transaction_timeout_limits_whole_loop(etcd_server: Callable[..., Etcd]) -> None:
    server = etcd_server()
    with Config(backend="etcd3", host=server.host, port=server.port) as config:
        assert get(config, "/a") is None
        server.pause()
        with pytest.raises(ConfigConnectionError):  # noqa: PT012  the loop raises
            for txn in config.txn(timeout=0.3):
                txn.get("/a")
        states = [config.connection_state]
        server.resume()
        assert get(config, "/a") is None
        states.append(config.connection_state)
        assert states == ["suspended", "connected"]


@pytest.mark.parametrize("prefix", ["test", "/test/"])
def test_invalid_prefix_is_rejected(prefix: str) -> None:
    with pytest.raises(ValueError, match="global prefix"):
        Config(backend="memory", global_prefix=prefix)


def test_import_loads_neither_grpc_pydantic_nor_tango() -> None:
    program = (
        "import sys; sys.modules['tango'] = None\n"
        "import ska_sdp_config\n"
        "assert not {'grpc', 'pydantic', 'pyetcd'} & set(sys.modules)\n"
        "config = ska_sdp_config.Config(backend='memory')\n"
        "assert not {'grpc', 'pyetcd'} & set(sys.modules)\n"
        "print(ska_sdp_config.__version__)\n"
    )
    assert run(sys.executable, "-c", program).strip()


def test_owned_entity_is_owned_until_close(make_config: MakeConfig) -> None:
    other = make_config()
    with make_config(owned_entity=("pb", "pb-x"), global_prefix="/test") as config:
        assert json.loads(get(other, "/test/pb/pb-x/owner")) == config.owner
        for txn in config.txn():
            assert txn.processing_block.ownership("pb-x").is_owner()
        with pytest.raises(ConfigCollision, match="pb-x/owner"):
            make_config(owned_entity=("pb", "pb-x"), global_prefix="/test")
    wait_until_gone(other, "/test/pb/pb-x/owner")


def test_lost_ownership_is_not_taken_again_automatically(make_config: MakeConfig) -> None:
    config, other = make_config(owned_entity=("eb", "eb-x")), make_config()
    lost = config.client_lease
    other.backend.store.revoke_lease(lost.id, timeout=20)
    config.backend.client_lease.on_ended(lost.id)
    assert config.lease_is_lost
    for txn in config.txn():
        ownership = txn.execution_block.ownership("eb-x")
        assert not ownership.is_owner()
        ownership.take()
    assert not config.lease_is_lost
    for txn in config.txn():
        assert txn.execution_block.ownership("eb-x").is_owner()


def test_ownership_can_be_taken_right_after_lease_expiry(make_config: MakeConfig) -> None:
    config, other = make_config(owned_entity=("eb", "eb-x")), make_config()
    lost = config.client_lease
    other.backend.store.revoke_lease(lost.id, timeout=20)
    for txn in config.txn():
        txn.execution_block.ownership("eb-x").take()
    assert config.client_lease.id != lost.id
    for txn in config.txn():
        assert txn.execution_block.ownership("eb-x").is_owner()
    assert not config.lease_is_lost


def test_owned_entity_of_unknown_kind_is_rejected(make_config: MakeConfig) -> None:
    other = make_config()
    with pytest.raises(ValueError, match=r"'telescope'.*pb, eb"):
        make_config(owned_entity=("telescope", "x"), component_name="proccontrol")
    for txn in other.txn():
        assert txn.component.list_keys() == []
