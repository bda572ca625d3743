"""Messages in use elsewhere are accepted, refused or warned of as spec 5 says."""

from __future__ import annotations

import json

import pytest

from ska_sdp_lmc.messages import MessageError, parse_configure, read_receive_addresses
from tests.support.shared import MESSAGES, has_messages

from .in_use import ACCEPTED, REFUSED, WRONG_IN_MEANING, files
from .small import PARSERS

pytestmark = has_messages


def _places(texts: tuple[str, ...]) -> set[str]:
    return {text.partition(": ")[0] for text in texts}


@pytest.mark.parametrize("name", files("valid"))
def test_valid_is_accepted(name: str) -> None:
    text = (MESSAGES / "valid" / name).read_text()
    assert PARSERS[name.partition("_")[0]](text).message


@pytest.mark.parametrize("name", files("invalid"))
@pytest.mark.parametrize("strictness", [0, 1, 2])
def test_invalid_is_refused(name: str, strictness: int) -> None:
    text = (MESSAGES / "invalid" / name).read_text()
    if name in WRONG_IN_MEANING:
        assert parse_configure(text, strictness).message.scan_type
    elif strictness == 0 and "spectral-window" in name:
        # The devices do not look into spectral windows.
        assert PARSERS["assignres"](text, strictness).warnings
    else:
        with pytest.raises(MessageError, match=r"\$\."):
            PARSERS[name.partition("_")[0]](text, strictness)


@pytest.mark.parametrize("name", files("quirky"))
def test_quirky(name: str) -> None:
    text = (MESSAGES / "quirky" / name).read_text()
    if name in REFUSED:
        with pytest.raises(MessageError) as caught:
            PARSERS["assignres"](text)
        assert _places(caught.value.faults) == REFUSED[name]
    else:
        assert _places(PARSERS["assignres"](text).warnings) == ACCEPTED[name]


@pytest.mark.parametrize("name", files("valid", addresses=True))
def test_valid_receive_addresses_are_read(name: str) -> None:
    assert read_receive_addresses(json.loads((MESSAGES / "valid" / name).read_text())) == ()


@pytest.mark.parametrize("name", files("invalid", addresses=True))
def test_invalid_receive_addresses_have_faults(name: str) -> None:
    assert read_receive_addresses(json.loads((MESSAGES / "invalid" / name).read_text()))
