"""All collections of a transaction.

Each module is imported on first use: creating the models of all entities takes as long as several
transactions, and most programs use only a few of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ska_sdp_config.operations.context import Context

if TYPE_CHECKING:
    from ska_sdp_config.operations.allocation import Allocations
    from ska_sdp_config.operations.arbitrary import Arbitrary
    from ska_sdp_config.operations.component import Components
    from ska_sdp_config.operations.deployment import Deployments
    from ska_sdp_config.operations.device import DeviceOperations, Subarrays
    from ska_sdp_config.operations.execution_block import ExecutionBlocks
    from ska_sdp_config.operations.flow import Dependencies, Flows
    from ska_sdp_config.operations.processing_block import ProcessingBlocks
    from ska_sdp_config.operations.request import Requests
    from ska_sdp_config.operations.resource import Resources
    from ska_sdp_config.operations.script import Scripts
    from ska_sdp_config.operations.system import SystemOperations
    from ska_sdp_config.operations.texts import Texts

__all__ = ["Collections"]


class Collections:
    """Collections of entities, each created on first use."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @cached_property
    def processing_block(self) -> ProcessingBlocks:
        """Processing blocks."""
        from ska_sdp_config.operations.processing_block import ProcessingBlocks

        return ProcessingBlocks(self._context)

    @cached_property
    def execution_block(self) -> ExecutionBlocks:
        """Execution blocks."""
        from ska_sdp_config.operations.execution_block import ExecutionBlocks

        return ExecutionBlocks(self._context)

    @cached_property
    def script(self) -> Scripts:
        """Script definitions."""
        from ska_sdp_config.operations.script import Scripts

        return Scripts(self._context)

    @cached_property
    def deployment(self) -> Deployments:
        """Deployments."""
        from ska_sdp_config.operations.deployment import Deployments

        return Deployments(self._context)

    @cached_property
    def flow(self) -> Flows:
        """Data flows."""
        from ska_sdp_config.operations.flow import Flows

        return Flows(self._context)

    @cached_property
    def dependency(self) -> Dependencies:
        """Dependencies on data flows."""
        from ska_sdp_config.operations.flow import Dependencies

        return Dependencies(self._context)

    @cached_property
    def resource(self) -> Resources:
        """Resources that processing blocks share."""
        from ska_sdp_config.operations.resource import Resources

        return Resources(self._context)

    @cached_property
    def request(self) -> Requests:
        """Requests of processing blocks for resources."""
        from ska_sdp_config.operations.request import Requests

        return Requests(self._context)

    @cached_property
    def allocation(self) -> Allocations:
        """Allocations of resources to processing blocks."""
        from ska_sdp_config.operations.allocation import Allocations

        return Allocations(self._context)

    @cached_property
    def system(self) -> SystemOperations:
        """Definition of the system."""
        from ska_sdp_config.operations.system import SystemOperations

        return SystemOperations(self._context)

    @cached_property
    def component(self) -> Components:
        """Components of the SDP that are alive."""
        from ska_sdp_config.operations.component import Components

        return Components(self._context)

    @cached_property
    def controller(self) -> DeviceOperations:
        """Entry of the controller."""
        from ska_sdp_config.operations.device import controller

        return controller(self._context)

    @cached_property
    def subarray(self) -> Subarrays:
        """Entries of the subarrays."""
        from ska_sdp_config.operations.device import Subarrays

        return Subarrays(self._context)

    @cached_property
    def arbitrary(self) -> Arbitrary:
        """JSON values at any path."""
        from ska_sdp_config.operations.arbitrary import Arbitrary

        return Arbitrary(self._context)

    @cached_property
    def texts(self) -> Texts:
        """Unparsed texts at paths below the global prefix."""
        from ska_sdp_config.operations.texts import Texts

        return Texts(self._context)
