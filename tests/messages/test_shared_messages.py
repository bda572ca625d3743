"""Messages in use elsewhere: accepted, accepted with warnings, or rejected."""

from __future__ import annotations

import json

import pytest

from ska_sdp_lmc.messages import MessageError, parse_configure, read_receive_addresses
from tests.support.shared import MESSAGES, has_messages

from .in_use import ACCEPTED, REJECTED, WRONG_IN_MEANING, files
from .small import PARSERS, faults_of

pytestmark = has_messages


def _places(texts: tuple[str, ...]) -> set[str]:
    return {text.partition(": ")[0] for text in texts}


@pytest.mark.parametrize("name", files("valid"))
def test_valid_message_is_accepted(name: str) -> None:
    text = (MESSAGES / "valid" / name).read_text()
    assert PARSERS[name.partition("_")[0]](text).message


@pytest.mark.parametrize("name", files("invalid"))
@pytest.mark.parametrize("strictness", [0, 1, 2])
def test_invalid_message_is_rejected(name: str, strictness: int) -> None:
    text = (MESSAGES / "invalid" / name).read_text()
    if name in WRONG_IN_MEANING:
        assert parse_configure(text, strictness).message.scan_type
    elif strictness == 0 and "spectral-window" in name:
        # No command needs the spectral windows.
        assert PARSERS["assignres"](text, strictness).warnings
    else:
        with pytest.raises(MessageError, match=r"\$\."):
            PARSERS[name.partition("_")[0]](text, strictness)


@pytest.mark.parametrize("name", files("quirky"))
def test_quirky_message_has_listed_faults_or_warnings(name: str) -> None:
    text = (MESSAGES / "quirky" / name).read_text()
    if name in REJECTED:
        faults = faults_of(PARSERS["assignres"], text)
        assert _places(faults) == REJECTED[name]
    else:
        assert _places(PARSERS["assignres"](text).warnings) == ACCEPTED[name]


@pytest.mark.parametrize("name", files("valid", addresses=True))
def test_valid_receive_addresses_have_no_faults(name: str) -> None:
    assert read_receive_addresses(json.loads((MESSAGES / "valid" / name).read_text())) == ()


@pytest.mark.parametrize("name", files("invalid", addresses=True))
def test_invalid_receive_addresses_have_faults(name: str) -> None:
    assert read_receive_addresses(json.loads((MESSAGES / "invalid" / name).read_text()))
