"""Sessions, and the delay after wrong tokens, by a clock of the test."""

from __future__ import annotations

import asyncio

import pytest

from ska_sdp_web.login import (
    DELAY_S,
    MAX_DELAYED,
    MAX_SESSIONS,
    SESSION_S,
    Login,
    TooManyTries,
    WrongToken,
)

TOKEN = "a token of the test"


class Clock:
    """Clock that also records the delays."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.delays: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.delays.append(seconds)
        # Lets the other tries of a test begin.
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Login:
    return Login(TOKEN, clock, clock.sleep)


def log_in(login: Login, token: str = TOKEN) -> str:
    return asyncio.run(login.log_in(token))


def test_session_is_valid_until_it_ends(login: Login, clock: Clock) -> None:
    session = log_in(login)
    assert login.is_valid(session)
    assert not login.is_valid(f"{session}x")
    assert not login.is_valid("")
    assert not login.is_valid(None)
    clock.now += SESSION_S
    assert not login.is_valid(session)


def test_session_ends_at_the_log_out(login: Login) -> None:
    session, other = log_in(login), log_in(login)
    login.log_out(session)
    login.log_out(None)
    assert not login.is_valid(session)
    assert login.is_valid(other)


def test_sessions_are_bounded_and_differ(login: Login) -> None:
    async def fill() -> list[str]:
        return [await login.log_in(TOKEN) for _ in range(MAX_SESSIONS + 1)]

    sessions = asyncio.run(fill())
    assert len(set(sessions)) == len(sessions)
    assert not login.is_valid(sessions[0])
    assert all(login.is_valid(each) for each in sessions[1:])


def test_only_wrong_tokens_are_answered_late(login: Login, clock: Clock) -> None:
    log_in(login)
    assert clock.delays == []
    for number in range(1, 10):
        with pytest.raises(WrongToken):
            log_in(login, "guess")
        assert clock.delays == [DELAY_S] * number


def test_many_wrong_tokens_lock_nobody_out(login: Login) -> None:
    async def flood() -> list[BaseException | str]:
        tries = [login.log_in("guess") for _ in range(MAX_DELAYED + 5)]
        return await asyncio.gather(*tries, login.log_in(TOKEN), return_exceptions=True)

    *rejected, session = asyncio.run(flood())
    assert [type(each) for each in rejected] == [WrongToken] * MAX_DELAYED + [TooManyTries] * 5
    assert isinstance(session, str)
    assert login.is_valid(session)
    # The places are free again.
    with pytest.raises(WrongToken) as error:
        log_in(login, "guess")
    assert error.type is WrongToken


@pytest.mark.parametrize("token", ["", TOKEN[:-1], f"{TOKEN} ", "é", "\ud800"])
def test_other_tokens_are_wrong(login: Login, token: str) -> None:
    with pytest.raises(WrongToken):
        log_in(login, token)
