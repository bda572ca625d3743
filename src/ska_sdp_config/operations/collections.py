"""All collections of a transaction."""

from __future__ import annotations

from functools import cached_property

from .arbitrary import Arbitrary
from .component import Components
from .context import Context
from .deployment import Deployments
from .device import Subarrays, controller
from .execution_block import ExecutionBlocks
from .flow import Dependencies, Flows
from .processing_block import ProcessingBlocks
from .script import Scripts
from .values import ValueOperations

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
        return ProcessingBlocks(self._context)

    @cached_property
    def execution_block(self) -> ExecutionBlocks:
        """The execution blocks."""
        return ExecutionBlocks(self._context)

    @cached_property
    def script(self) -> Scripts:
        """The script definitions."""
        return Scripts(self._context)

    @cached_property
    def deployment(self) -> Deployments:
        """The deployments."""
        return Deployments(self._context)

    @cached_property
    def flow(self) -> Flows:
        """The data flows."""
        return Flows(self._context)

    @cached_property
    def dependency(self) -> Dependencies:
        """The claims on data flows."""
        return Dependencies(self._context)

    @cached_property
    def component(self) -> Components:
        """The components of the SDP that are alive."""
        return Components(self._context)

    @cached_property
    def controller(self) -> ValueOperations:
        """The entry of the controller."""
        return controller(self._context)

    @cached_property
    def subarray(self) -> Subarrays:
        """The entries of the subarrays."""
        return Subarrays(self._context)

    @cached_property
    def arbitrary(self) -> Arbitrary:
        """JSON at any path."""
        return Arbitrary(self._context)
