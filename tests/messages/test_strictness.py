"""Treatment of faults at strictness 0, 1 and 2."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_lmc.messages import MessageError, parse_assign_resources

from .small import ASSIGN_04, REMOVE, WINDOW, changed, faults_of

EB = "execution_block"
PB = "processing_blocks"
WINDOWS = (EB, "channels", 0, "spectral_windows")
DEPENDENCY = (PB, 1, "dependencies", 0, "pb_id")

# Path of a change of the small message of schema 0.4, the new value, the fault that it causes, and
# its treatment at strictness 0, 1 and 2: none (.), a warning (w) or an error (e). A fault that
# begins with "$" has its own path; the text of any other follows the changed path.
TABLE: list[tuple[tuple[int | str, ...], Any, str, str]] = [
    # fields that the command needs
    ((EB, "eb_id"), REMOVE, ": field required", "eee"),
    ((EB, "eb_id"), "", ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), "-eb", ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), "eb-a_b", ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), "eb-ä", ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), "e" * 97, ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), "eb-a\n", ": should be 1 to 96 letters", "eee"),
    ((EB, "eb_id"), 5, ": should be a string, not 5", "eee"),
    ((PB, 0, "pb_id"), REMOVE, ": field required", "eee"),
    ((PB, 0, "pb_id"), "pb/../x", ": should be 1 to", "eee"),
    ((PB, 0, "script"), {}, ".kind: field required", "eee"),
    ((PB, 0, "script", "kind"), "live", ": should be", "eee"),
    ((PB, 0, "script", "name"), "a:b", ": should be", "eee"),
    ((PB, 0, "script", "version"), 1, ": should", "eee"),
    ((PB, 1, "dependencies"), {}, ": should be a list", "eee"),
    ((PB, 1, "parameters"), [], ": should be an object", "eee"),
    ((PB,), None, ": should be a list, not null", "eee"),
    ((EB,), None, ": should be an object, not null", "eee"),
    ((EB, "max_length"), "9", ": should be a number", "eee"),
    ((EB, "max_length"), True, ": should be a number", "eee"),
    ((EB, "max_length"), -1, ": should be greater", "eee"),
    ((EB, "scan_types", 0), 7, ": should be an object", "eee"),
    ((EB, "channels"), {}, ": should be a list", "eee"),
    (
        (EB, "scan_types", 2),
        {"scan_type_id": "look", "beams": {}},
        ': has the id "look" of one before it',
        "eee",
    ),
    ((EB, "scan_types", 1, "scan_type_id"), "a\nb", ": should have printable", "eee"),
    (("resources", "receive_nodes"), 0, ": should be greater", "eee"),
    (("resources", "receive_nodes"), True, ": should be an int", "eee"),
    (("resources", "csp_links"), [1, "2"], "[1]: should be an int", "eee"),
    (("resources", "receptors"), [1], "[0]: should be a string", "eee"),
    (("resources", "receptors"), "A", ": should be a list", "eee"),
    (("transaction_id",), 12, ": should be a string, not 12", "eee"),
    # structure and types of fields that no command needs
    ((EB, "max_length"), REMOVE, ": field required", "wee"),
    ((EB, "scan_types"), REMOVE, ": field required", "wee"),
    ((EB, "beams", 0, "function"), "sight", ": should be 'visibilities'", "wee"),
    ((*WINDOWS, 0, "count"), REMOVE, ": field required", "wee"),
    ((*WINDOWS, 0, "count"), True, ": should be an integer, not true", "wee"),
    ((*WINDOWS, 0, "start"), 1.0, ": should be an integer, not 1.0", "wee"),
    ((*WINDOWS, 0, "link_map"), [[0, 1], [2]], "[1]: should have at least 2", "wee"),
    ((*WINDOWS, 0, "link_map"), [[0, True]], "[0][1]: should be an integer", "wee"),
    ((EB, "fields", 0, "phase_dir", "ra"), "01:02:03", ": should be a list", "wee"),
    ((EB, "polarisations", 0, "corr_type"), [1], "[0]: should be a string", "wee"),
    ((EB, "scan_types", 0, "derive_from"), "look", ': "look" is derived from itself', "wee"),
    # form: id patterns, unknown keys, dangling references
    (("transaction_id",), "me", ": should be like txn-source-20260131", ".we"),
    (("transaction_id",), "", ": should be like txn-source-20260131", ".we"),
    ((EB, "eb_id"), "sbi-unit-20260301-00001", ": should be like", ".we"),
    ((EB, "eb_id"), "eb-Unit-20260301-1", ": should be like eb-", ".we"),
    ((PB, 1, "pb_id"), "p", ": should be like pb-", ".we"),
    (("mood",), 1, ": is not a key of this schema", ".we"),
    (("a key",), 1, '$["a key"]: is not a key of this schema', ".we"),
    (("resources", "x"), 1, ": is not a key of this schema", ".we"),
    ((EB, "beams", 0, "tint"), 1, ": is not a key", ".we"),
    ((EB, "beams", 1, "beam_id"), "sky", "$.execution_block.beams[1]: has the id", ".we"),
    (
        (*WINDOWS, 1),
        {"spectral_window_id": "w", **WINDOW},
        ': has the id "w" of one before it',
        ".we",
    ),
    ((*WINDOWS, 0, "freq_min"), 3e8, ": is above freq_max", ".we"),
    ((*WINDOWS, 0, "freq_min"), 2e8, ": is equal to freq_max", ".we"),
    ((EB, "scan_types"), [], ": is empty", ".we"),
    ((EB, "scan_types", 1, "derive_from"), ".none", ': there is no scan type ".none"', ".we"),
    ((EB, "scan_types", 1, "beams", "odd"), {}, ': there is no beam "odd"', ".we"),
    (
        (EB, "scan_types", 0, "beams", "sky", "channels_id"),
        "x",
        ': "x" is not among the channels',
        ".we",
    ),
    (DEPENDENCY, "pb-other", ': "pb-other" is not in this message', ".we"),
    (DEPENDENCY, "pb-unit-20260301-00002", ": is the processing block itself", ".we"),
    # notices
    (
        (EB, "fields", 0, "phase_dir"),
        {"target_name": "Sun", "reference_frame": "special"},
        ": has the form of schema 1.0",
        "www",
    ),
    (("resources",), REMOVE, "$: has an execution block and names no resources", "www"),
    # valid
    ((EB, "max_length"), 10**30, "$", "..."),
    ((EB, "context"), {"any": [None, {"x": "y"}]}, "$", "..."),
    ((EB, "fields", 0, "phase_dir", "reference_time"), "some day", "$", "..."),
]


def _json_path(path: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


@pytest.mark.parametrize(("path", "to", "fault", "treatment"), TABLE)
@pytest.mark.parametrize("strictness", [0, 1, 2])
def test_fault_is_error_or_warning_by_strictness(
    path: tuple[int | str, ...], to: Any, fault: str, treatment: str, strictness: int
) -> None:
    text = changed(ASSIGN_04, *path, to=to)
    fault = fault if fault.startswith("$") else f"{_json_path(path)}{fault}"
    if treatment[strictness] == "e":
        faults = faults_of(parse_assign_resources, text, strictness)
        assert any(text.startswith(fault) for text in faults), faults
    else:
        warnings = parse_assign_resources(text, strictness).warnings
        warned = any(text.startswith(fault) for text in warnings)
        assert warned is (treatment[strictness] == "w"), warnings


def test_small_message_has_no_warnings() -> None:
    text = changed(ASSIGN_04, "transaction_id", to=REMOVE)
    assert parse_assign_resources(text, 2).warnings == ()


def test_every_fault_is_named() -> None:
    text = changed(ASSIGN_04, "processing_blocks", to=[{}, {"pb_id": 1}])
    with pytest.raises(MessageError) as caught:
        parse_assign_resources(text)
    assert caught.value.faults == (
        "$.processing_blocks[0].pb_id: field required",
        "$.processing_blocks[0].script: field required",
        "$.processing_blocks[1].pb_id: should be a string, not 1",
        "$.processing_blocks[1].script: field required",
    )
    assert str(caught.value).startswith("AssignResources: $.processing_blocks[0].pb_id: field")


def test_each_of_many_invalid_fields_is_named() -> None:
    receptors = [{"receptors": [number]} for number in range(3)]
    blocks = [{"pb_id": number} for number in range(30)]
    text = changed(ASSIGN_04, "processing_blocks", to=[*blocks, *receptors])
    faults = faults_of(parse_assign_resources, text)
    named = {fault.partition(": ")[0] for fault in faults}
    invalid = [f"$.processing_blocks[{number}]" for number in range(33)]
    assert named >= {f"{block}.{key}" for block in invalid for key in ("pb_id", "script")}


def test_warnings_are_limited_to_fifty() -> None:
    beams: dict[str, object] = {f"odd-{number}": {} for number in range(200)}
    text = changed(ASSIGN_04, "execution_block", "scan_types", 0, "beams", to=beams)
    warnings = parse_assign_resources(text).warnings
    assert len(warnings) == 51
    assert warnings[-1] == "and 150 more"
