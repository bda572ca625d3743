"""What is to be made of messages in use elsewhere."""

from __future__ import annotations

from tests.support.shared import MESSAGES

__all__ = ["ACCEPTED", "REFUSED", "WRONG_IN_MEANING", "files"]

WRONG_IN_MEANING = {
    "configure_0.3_ska-sw-integration-testing-configure-with-invalid-interfac.json",
    "configure_0.4_abc-configure-with-invalid-scan-type.json",
}
"""Right in form; the model refuses them, for the execution block lacks the scan type."""

_DANGLING = {
    "$.execution_block.scan_types[0].beams.pss1.field_id",
    "$.execution_block.scan_types[0].beams.pss2.field_id",
    "$.execution_block.scan_types[0].beams.pst1.field_id",
    "$.execution_block.scan_types[0].beams.pst2.field_id",
    "$.execution_block.scan_types[0].beams.vlbi",
    "$.execution_block.scan_types[0].beams.vlbi.field_id",
    "$.execution_block.scan_types[0].beams.vlbi.channels_id",
}

ACCEPTED = {
    # A key of another subsystem at the top: the devices have no use for it.
    "assignres_0.3_ska-sdp-notebooks-ska-sdp-tango-tutorial.json": {"$.mccs"},
    # A misspelt key of a beam, which is kept, and references to what is not there.
    "assignres_0.4_abc-assign-resources-mid.json": {
        "$.execution_block.beams[0].visibilitiy_beam_id",
        *_DANGLING,
    },
    # An id that only the strict pattern excludes.
    "assignres_0.4_ska-sw-integration-testing-assign-resources-low-5.json": {
        "$.processing_blocks[0].pb_id"
    },
    # No resources: in IDLE the new execution block takes over those that are assigned.
    "assignres_0.4_skampi-assign-resources.json": {"$"},
    # Subbands: the number of the first channel is not said, but the link map begins with it.
    "assignres_nointerface-0.1-0.2style_cdm-shared-library-centralnode.json": {
        "$.id",
        "$.scan_types[0].subbands",
        "$.scan_types[1].subbands",
    },
    "assignres_nointerface-0.1-0.2style_tmc-prototype-test-central-node.json": {
        "$.id",
        "$.scan_types[0].subbands",
    },
}
"""Quirky files that are acted on, and what the warnings at strictness 1 are about."""

_EMPTY_SCRIPTS = {
    f"$.processing_blocks[{index}].{key}"
    for index in range(3)
    for key in ("script.kind", "script.name", "script.version", "dependencies")
}

REFUSED = {
    # No processing block says which script to run: nobody can act on that.
    "assignres_0.4_cdm-shared-library-centralnode-3.json": {
        *_EMPTY_SCRIPTS,
        "$.execution_block.scan_types",
        "$.execution_block.channels[0].spectral_windows[0].spectral_window_id",
    },
    "assignres_0.4_ska-sw-integration-testing-sdp-assign-resources-mid.json": _EMPTY_SCRIPTS,
    # The execution block has no id, and none may be invented for it.
    "assignres_nointerface-0.4style_tmc-prototype-test-sdp-subarray-leaf-node.json": {"$.id"},
}
"""Quirky files that are refused at strictness 1, and what the faults are about."""


def files(folder: str, *, addresses: bool = False) -> list[str]:
    """Names of the messages, or of the receive addresses, in a folder."""
    names = sorted(path.name for path in (MESSAGES / folder).glob("*.json"))
    return [name for name in names if name.startswith("recvaddrs_") == addresses]
