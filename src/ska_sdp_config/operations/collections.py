"""All collections of a transaction.

Each is imported when it is first asked for: to make the models of all entities takes as long as
several transactions, and most programs want but a few of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .context import Context

if TYPE_CHECKING:
    from .arbitrary import Arbitrary
    from .component import Components
    from .deployment import Deployments
    from .device import DeviceOperations, Subarrays
    from .execution_block import ExecutionBlocks
    from .flow import Dependencies, Flows
    from .processing_block import ProcessingBlocks
    from .script import Scripts

__all__ = ["Collections"]


class Collections:
    """The collections of entities, each made when it is first asked for.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    @cached_property
    def processing_block(self) -> ProcessingBlocks:
        """The processing blocks."""
        from .processing_block import ProcessingBlocks

        return ProcessingBlocks(self._context)

    @cached_property
    def execution_block(self) -> ExecutionBlocks:
        """The execution blocks."""
        from .execution_block import ExecutionBlocks

        return ExecutionBlocks(self._context)

    @cached_property
    def script(self) -> Scripts:
        """The script definitions."""
        from .script import Scripts

        return Scripts(self._context)

    @cached_property
    def deployment(self) -> Deployments:
        """The deployments."""
        from .deployment import Deployments

        return Deployments(self._context)

    @cached_property
    def flow(self) -> Flows:
        """The data flows."""
        from .flow import Flows

        return Flows(self._context)

    @cached_property
    def dependency(self) -> Dependencies:
        """The claims on data flows."""
        from .flow import Dependencies

        return Dependencies(self._context)

    @cached_property
    def component(self) -> Components:
        """The components of the SDP that are alive."""
        from .component import Components

        return Components(self._context)

    @cached_property
    def controller(self) -> DeviceOperations:
        """The entry of the controller."""
        from .device import controller

        return controller(self._context)

    @cached_property
    def subarray(self) -> Subarrays:
        """The entries of the subarrays."""
        from .device import Subarrays

        return Subarrays(self._context)

    @cached_property
    def arbitrary(self) -> Arbitrary:
        """JSON at any path."""
        from .arbitrary import Arbitrary

        return Arbitrary(self._context)
