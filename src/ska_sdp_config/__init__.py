"""Access to the configuration of a radio telescope's science data processor.

The configuration is in etcd. A program reads and writes it in transactions, and reacts to changes
in the loop of a watcher::

    from ska_sdp_config import Config

    with Config() as config:  # the database at SDP_CONFIG_HOST and SDP_CONFIG_PORT
        for txn in config.txn():
            print(txn.processing_block.list_keys())
            txn.processing_block.state("pb-a-20260131-00000").patch(status="RUNNING")

        for watcher in config.watcher():
            for txn in watcher.txn():
                eb = txn.execution_block.get("eb-a-20260131-00000")
            if eb is not None and eb.status != "ACTIVE":
                break

Classes:
    Config: the connection, with ``txn``, ``watcher``, ``lease``, and the component that this
        process is.
    ProcessingBlock, ExecutionBlock, Deployment, Script: entities; ``ska_sdp_config.entity`` has
        the others, such as Flow and Dependency, and ``ska_sdp_config.entity.states`` the types of
        states.
    ska_sdp_config.config.Transaction: what ``txn`` yields: a collection for each kind of entity,
        ``processing_block``, ``execution_block``, ``deployment``, ``script``, ``flow`` and so on,
        with ``get``, ``create``, ``update``, ``delete``, ``list_keys``, ``query_values``,
        ``state(key)`` and ``ownership(key)``.

Errors:
    ConfigCollision: a key that is created exists, or an entity that is taken has an owner.
    ConfigVanished: a key that is updated or deleted does not exist.
    ConfigConnectionError: the database does not respond; nothing was written.
    ConfigRefused: the database rejected the request, e.g. permission denied.
    CommitUnknown: it is unknown whether the writes took effect.
    TransactionTooLarge: the transaction exceeds a limit of the server.
    LeaseNotFound: a lease has expired.

Tests of programs need no server: ``Config(backend="memory")`` is a database in the process, and
``ska_sdp_config.pytest_plugin`` has a fixture with a database for each test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.lazy import names_of

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.entity import Deployment, ExecutionBlock, ProcessingBlock, Script
    from ska_sdp_config.store.errors import (
        CommitUnknown,
        ConfigCollision,
        ConfigConnectionError,
        ConfigRefused,
        ConfigVanished,
        LeaseNotFound,
        TransactionTooLarge,
    )
    from ska_sdp_config.version import __version__

__all__ = [
    "CommitUnknown",
    "Config",
    "ConfigCollision",
    "ConfigConnectionError",
    "ConfigRefused",
    "ConfigVanished",
    "Deployment",
    "ExecutionBlock",
    "LeaseNotFound",
    "ProcessingBlock",
    "Script",
    "TransactionTooLarge",
    "__version__",
]

__getattr__, __dir__ = names_of(
    __name__,
    {
        "Config": ".config",
        "Deployment": ".entity",
        "ExecutionBlock": ".entity",
        "ProcessingBlock": ".entity",
        "Script": ".entity",
        "CommitUnknown": ".backend.common",
        "ConfigCollision": ".backend.common",
        "ConfigConnectionError": ".backend.common",
        "ConfigRefused": ".backend.common",
        "ConfigVanished": ".backend.common",
        "LeaseNotFound": ".backend.common",
        "TransactionTooLarge": ".backend.common",
        "__version__": ".version",
    },
    submodules=("backend", "config", "entity"),
)
