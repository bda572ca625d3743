"""Parsing of messages: the JSON arguments of commands, and the attribute receiveAddresses.

Each function converts a message of any schema version to the internal form, or raises a
`MessageError` that lists each invalid field by JSON path. The strictness, 0, 1 or 2 (setting
``SDP_LMC_STRICTNESS``), decides whether an issue is an error or a warning, see `Severity`.
Independent of Tango and of the database.
"""

from ska_sdp_config.lmc.receive_addresses import host_and_port, read_receive_addresses
from ska_sdp_config.lmc.schema.faults import MessageError
from ska_sdp_lmc.messages.assign import parse_assign_resources
from ska_sdp_lmc.messages.configure import check_references, parse_configure
from ska_sdp_lmc.messages.internal import (
    AssignResources,
    Configure,
    Json,
    Parsed,
    ReleaseResources,
    Resources,
    Scan,
)
from ska_sdp_lmc.messages.reading import find_transaction_id
from ska_sdp_lmc.messages.release import parse_release_resources
from ska_sdp_lmc.messages.scan import parse_scan

__all__ = [
    "AssignResources",
    "Configure",
    "Json",
    "MessageError",
    "Parsed",
    "ReleaseResources",
    "Resources",
    "Scan",
    "check_references",
    "find_transaction_id",
    "host_and_port",
    "parse_assign_resources",
    "parse_configure",
    "parse_release_resources",
    "parse_scan",
    "read_receive_addresses",
]
