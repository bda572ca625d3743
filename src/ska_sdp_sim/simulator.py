"""The simulator: its components, each with its own Config and thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from ska_sdp_config import Config
from ska_sdp_sim.controller import ProcessingController
from ska_sdp_sim.deployer import HelmDeployer
from ska_sdp_sim.loop import WatchLoop
from ska_sdp_sim.script import Settings

LOGGER = logging.getLogger(__name__)

COMPONENTS = ("proccontrol", "helmdeploy")
"""Names of the simulated components; scripts run in the first."""

_STOP_TIMEOUT_S = 2.0


class Simulator:
    """Simulates processing controller, helm deployer and scripts. A context manager.

    Any number may run on one database: each processing block has one owner.

    Args:
        components: names of the components to simulate.
        global_prefix: path prefix of all entities.
        arguments: backend, host, port and so on; see ``ska_sdp_config.Config``.

    Raises:
        ValueError: unknown component.
    """

    def __init__(
        self,
        components: Iterable[str] = COMPONENTS,
        settings: Settings | None = None,
        global_prefix: str = "",
        **arguments: Any,
    ) -> None:
        self._components = tuple(dict.fromkeys(components))
        for name in self._components:
            if name not in COMPONENTS:
                raise ValueError(f"unknown component {name!r}: use {' or '.join(COMPONENTS)}")
        self._settings = settings or Settings()
        self._prefix = global_prefix
        self._arguments = arguments
        self._running: list[tuple[Config, WatchLoop, threading.Thread]] = []
        self._ended = threading.Event()
        self._error: Exception | None = None

    def start(self) -> None:
        """Register the components and start their threads.

        Each thread waits until the database responds.

        Raises:
            ValueError: invalid argument or environment variable of the library.
        """
        for name in self._components:
            config = Config(component_name=name, global_prefix=self._prefix, **self._arguments)
            component: ProcessingController | HelmDeployer
            if name == "proccontrol":
                component = ProcessingController(config, self._settings, self._prefix)
            else:
                component = HelmDeployer(config, self._prefix)
            loop = WatchLoop(config, component.reconcile, component.root)
            thread = threading.Thread(target=self._run, args=(loop,), name=name, daemon=True)
            self._running.append((config, loop, thread))
            thread.start()

    def stop(self) -> None:
        """Stop the threads, release all ownership and unregister. Idempotent."""
        self._ended.set()
        for _, loop, _ in self._running:
            loop.stop()
        for config, _, thread in self._running:
            thread.join(_STOP_TIMEOUT_S)
            # Interrupts a thread that still waits for the database.
            config.close()
            thread.join()
        self._running.clear()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the simulator ends.

        Raises:
            Exception: the error that ended it.
        """
        ended = self._ended.wait(timeout)
        if self._error is not None:
            raise self._error
        return ended

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, loop: WatchLoop) -> None:
        try:
            loop.run()
        except Exception as error:  # re-raised by wait()
            LOGGER.exception("The simulator stops after an error in one of its loops.")
            self._error = error
        finally:
            self._ended.set()
