"""The simulator as a whole: its components, each with its own access and thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_sim.controller import ProcessingController
from ska_sdp_sim.deployer import HelmDeployer
from ska_sdp_sim.loop import Loop
from ska_sdp_sim.script import Settings

__all__ = ["COMPONENTS", "Simulator"]

LOGGER = logging.getLogger(__name__)

COMPONENTS = ("proccontrol", "helmdeploy")
"""The components that are stood in for; scripts run in the first."""

_END_OF_TURN = 2.0


class Simulator:
    """Plays processing controller, helm deployer and scripts (spec 4.8). A context manager.

    Any number may run on one database: each processing block has one owner.

    Args:
        components: which of the components to be.
        settings: how scripts behave that do not say otherwise.
        global_prefix: a path that stands before the paths of all entities.
        arguments: backend, host, port and so on; see ``ska_sdp_config.Config``.

    Raises:
        ValueError: a component is not known.
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
                raise ValueError(f"{name!r} is no component: use {' or '.join(COMPONENTS)}.")
        self._settings = settings or Settings()
        self._prefix = global_prefix
        self._arguments = arguments
        self._parts: list[tuple[Config, Loop, threading.Thread]] = []
        self._over = threading.Event()
        self._error: Exception | None = None

    def start(self) -> None:
        """Register the components and set to work.

        A database that does not answer yet is waited for by the components' threads.

        Raises:
            ValueError: an argument or an environment variable of the library is not valid.
        """
        for name in self._components:
            config = Config(component_name=name, global_prefix=self._prefix, **self._arguments)
            loop = Loop(config, self._turn_of(name, config))
            thread = threading.Thread(target=self._run, args=(loop,), name=name, daemon=True)
            self._parts.append((config, loop, thread))
            thread.start()

    def stop(self) -> None:
        """End the work, give up all ownership and unregister. Does no harm when done twice."""
        self._over.set()
        for _, loop, _ in self._parts:
            loop.end()
        for config, _, thread in self._parts:
            thread.join(_END_OF_TURN)
            # Ends a wait for the database too.
            config.close()
            thread.join()
        self._parts.clear()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the work ends.

        Args:
            timeout: seconds to wait at most; None for ever.

        Returns:
            Whether it has ended.

        Raises:
            Exception: what ended it, if that was an error.
        """
        over = self._over.wait(timeout)
        if self._error is not None:
            raise self._error
        return over

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _turn_of(self, component: str, config: Config) -> Callable[[Watcher[Transaction]], None]:
        if component == "proccontrol":
            return ProcessingController(config, self._settings, self._prefix).turn
        return HelmDeployer(config, self._prefix).turn

    def _run(self, loop: Loop) -> None:
        try:
            loop.run()
        except Exception as error:  # whatever it is, a thread must not die unseen
            LOGGER.exception("The simulator stops, as a loop of it has failed.")
            self._error = error
        finally:
            self._over.set()
