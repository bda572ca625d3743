"""Messages: the JSON arguments of commands, of all versions, from parsing to the commit."""

from __future__ import annotations

import json
from typing import Any

import tango
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.derive import SubarrayView, derive
from ska_sdp_config.lmc.rejections import CommandRejected
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.commands import Message, message_paths
from ska_sdp_lmc.devices.subarray import ATTRIBUTES, COMMANDS
from ska_sdp_lmc.messages import AssignResources, MessageError, find_transaction_id
from ska_sdp_lmc.messages.examples import example, example_names
from ska_sdp_lmc.runtime.errors import to_ascii
from ska_sdp_lmc.runtime.repository import SnapshotReader, write
from tests.fuzz import corpus
from tests.fuzz.kind import Kind, contents, database_with
from tests.fuzz.schema_values import schema_values
from tests.fuzz.texts import mutated_text
from tests.messages.small import ASSIGN_02, ASSIGN_04
from tests.model.commands import apply_command
from tests.model.worlds import NOON, SETTINGS, documents
from tests.support.hostile_values import HOSTILE
from tests.support.json_values import mutated

__all__ = ["KIND", "check_view", "run_command"]

MAX_ERROR = 20_000
"""Characters of an error."""

COMMAND_OF = {
    "assignres": "AssignResources",
    "configure": "Configure",
    "releaseres": "ReleaseResources",
    "scan": "Scan",
}

STATES = {
    "AssignResources": ["EMPTY", "IDLE"],
    "Configure": ["IDLE", "READY"],
    "ReleaseResources": ["IDLE"],
    "Scan": ["READY"],
}
"""States in which a command is allowed."""

ALL_STATES = [state.name for state in ObsState if state.name not in ("ABORTING", "RESTARTING")]

SMALL: dict[str, list[Any]] = {
    "assignres": [ASSIGN_02, ASSIGN_04],
    "configure": [{"scan_type": "science"}, {"scan_type": "calibration"}],
    "releaseres": [{"resources": {"receptors": ["SKA001"], "receive_nodes": 1}}],
    "scan": [{"scan_id": 4}, {"id": 4}],
}

DOCUMENTS = {
    schema: [
        *(json.loads(example(name)) for name in example_names() if name.startswith(schema)),
        *small,
    ]
    for schema, small in SMALL.items()
}
KEPT = {
    schema: [case["text"] for case in corpus.read("messages") if case["command"] == command]
    for schema, command in COMMAND_OF.items()
}


def _texts(schema: str) -> st.SearchStrategy[str]:
    texts = [json.dumps(each) for each in DOCUMENTS[schema]]
    return st.one_of(
        schema_values(schema).map(json.dumps),
        mutated(DOCUMENTS[schema], HOSTILE).map(json.dumps),
        mutated_text([*texts, *KEPT[schema]]),
    )


_TEXTS = {schema: _texts(schema) for schema in COMMAND_OF}


@st.composite
def _cases(draw: st.DrawFn) -> dict[str, Any]:
    schema = draw(st.sampled_from(["assignres", "assignres", "configure", "releaseres", "scan"]))
    command = COMMAND_OF[schema]
    allowed = draw(st.integers(0, 7)) > 0
    return {
        "command": command,
        "obs_state": draw(st.sampled_from(STATES[command] if allowed else ALL_STATES)),
        "strictness": draw(st.integers(0, 2)),
        "text": draw(_TEXTS[schema]),
    }


_STORED = {
    name: {path: encode(document) for path, document in documents(ObsState[name]).items()}
    for name in ALL_STATES
}


def _check(case: dict[str, Any]) -> None:
    """Run a command as its device does, without Tango."""
    parse = COMMANDS[case["command"]].parse
    assert parse is not None
    database = database_with(_STORED[case["obs_state"]])
    before = contents(database)
    try:
        message = parse(case["text"], case["strictness"]).message
        run_command(database, case["command"], message)
    except MessageError as error:
        _check_text(str(error))
        _check_text(error.details)
        find_transaction_id(case["text"])
    except CommandRejected as error:
        _check_text(to_ascii(error.text))
    else:
        written = {
            key: text for key, text in contents(database).items() if before.get(key) != text
        }
        assert written
        for key, text in written.items():
            assert read_document(text)[1], f"{key} cannot be read again: {text[:200]}"
        return
    assert contents(database) == before, "a rejected message has changed the database"


def _check_text(text: str) -> None:
    """Check the text of a rejection, as a client gets it."""
    assert text
    assert text.isascii()
    assert len(text) < MAX_ERROR


def run_command(database: Database, name: str, message: Message | None) -> None:
    """Run a command of subarray 01 on a database: read, decide, commit, derive.

    Raises:
        CommandRejected: the command is rejected.
    """
    reader = SnapshotReader("01", SETTINGS.required_components)
    also = message_paths(message) if isinstance(message, AssignResources) else []
    with Config(MemoryBackend(database)) as config:
        for txn in config.txn():
            found = reader.read(txn, also)
            writes = apply_command(name, found, message, NOON, SETTINGS, "txn-test-20260131-b")
            write(txn, writes)
        after = found.with_writes(writes, txn.commit_revision)
    check_view(derive(after, NOON, SETTINGS))


def check_view(view: SubarrayView) -> None:
    """Check that Tango can represent the attributes of a view."""
    for attribute in ATTRIBUTES:
        assert attribute.value is not None
        value = attribute.value(view)
        if attribute.dtype is str:
            assert isinstance(value, str), attribute.name
            to_ascii(value)
        elif attribute.dtype is tango.DevLong64:
            assert -(2**63) <= value < 2**63, attribute.name


KIND = Kind("messages", _cases(), _check)
