"""Messages in use elsewhere: rejected, or accepted with warnings."""

from __future__ import annotations

import pytest

from ska_sdp_lmc.messages import MessageError, parse_configure
from tests.support.shared import MESSAGES, has_messages

from .in_use import ACCEPTED, REJECTED, WRONG_IN_MEANING, files
from .small import PARSERS, faults_of

pytestmark = has_messages


def _places(texts: tuple[str, ...]) -> set[str]:
    return {text.partition(": ")[0] for text in texts}


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
