"""Expected treatment of messages in use elsewhere."""

from __future__ import annotations

from tests.support.shared import MESSAGES

WRONG_IN_MEANING = {
    "configure_0.3_ska-sw-integration-testing-configure-with-invalid-interfac.json",
    "configure_0.4_abc-configure-with-invalid-scan-type.json",
}
"""Valid messages whose scan type is not in the execution block: the model rejects them."""

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
    # A top-level key of another subsystem, which is ignored.
    "assignres_0.3_ska-sdp-notebooks-ska-sdp-tango-tutorial.json": {"$.mccs"},
    # A misspelt key of a beam, which is kept, and dangling references.
    "assignres_0.4_abc-assign-resources-mid.json": {
        "$.execution_block.beams[0].visibilitiy_beam_id",
        *_DANGLING,
    },
    # An ID that is invalid at strictness 2 only.
    "assignres_0.4_ska-sw-integration-testing-assign-resources-low-5.json": {
        "$.processing_blocks[0].pb_id"
    },
    # No resources: in IDLE the new execution block keeps the assigned ones.
    "assignres_0.4_skampi-assign-resources.json": {"$"},
    # Subbands have no first channel: it is read from the link map.
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
"""Quirky files that are accepted, and the JSON paths of their warnings at strictness 1."""

_EMPTY_SCRIPTS = {
    f"$.processing_blocks[{index}].{key}"
    for index in range(3)
    for key in ("script.kind", "script.name", "script.version", "dependencies")
}

REJECTED = {
    # No processing block has a script.
    "assignres_0.4_cdm-shared-library-centralnode-3.json": {
        *_EMPTY_SCRIPTS,
        "$.execution_block.scan_types",
        "$.execution_block.channels[0].spectral_windows[0].spectral_window_id",
    },
    "assignres_0.4_ska-sw-integration-testing-sdp-assign-resources-mid.json": _EMPTY_SCRIPTS,
    # The execution block has no ID.
    "assignres_nointerface-0.4style_tmc-prototype-test-sdp-subarray-leaf-node.json": {"$.id"},
}
"""Quirky files that are rejected at strictness 1, and the JSON paths of their faults."""


def files(folder: str, *, addresses: bool = False) -> list[str]:
    """Return the names of the messages, or of the receive addresses, in a folder."""
    names = sorted(path.name for path in (MESSAGES / folder).glob("*.json"))
    return [name for name in names if name.startswith("recvaddrs_") == addresses]
