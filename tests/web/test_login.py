"""Sessions, and the delay after wrong tokens, by a clock of the test."""

from __future__ import annotations

import asyncio

import pytest

from ska_sdp_web.login import (
    DELAY_S,
    MAX_DELAYED,
    MAX_SESSIONS,
    SECONDS_PER_TRY,
    SECONDS_PER_TRY_OF_ADDRESS,
    SESSION_S,
    TRIES,
    TRIES_PER_ADDRESS,
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


def log_in(login: Login, token: str = TOKEN, address: str = "a") -> str:
    return asyncio.run(login.log_in(token, address))


def guess(login: Login, address: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongToken):
            log_in(login, "guess", address)


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
        return [await login.log_in(TOKEN, "a") for _ in range(MAX_SESSIONS + 1)]

    sessions = asyncio.run(fill())
    assert len(set(sessions)) == len(sessions)
    assert not login.is_valid(sessions[0])
    assert all(login.is_valid(each) for each in sessions[1:])


def test_tries_of_an_address_are_delayed_after_wrong_ones(login: Login, clock: Clock) -> None:
    guess(login, "a", TRIES_PER_ADDRESS)
    assert clock.delays == []
    guess(login, "a", 2)
    assert clock.delays == [DELAY_S] * 2
    # Another address is not concerned, and the right token is accepted after the delay.
    assert login.is_valid(log_in(login, address="b"))
    assert login.is_valid(log_in(login, address="a"))
    assert clock.delays == [DELAY_S] * 3
    clock.now += SECONDS_PER_TRY_OF_ADDRESS
    assert login.is_valid(log_in(login, address="a"))
    assert clock.delays == [DELAY_S] * 3


def test_tries_of_all_addresses_are_delayed_after_wrong_ones(login: Login, clock: Clock) -> None:
    for number in range(TRIES):
        guess(login, str(number), 1)
    assert clock.delays == []
    assert login.is_valid(log_in(login, address="another"))
    assert clock.delays == [DELAY_S]
    clock.now += SECONDS_PER_TRY
    assert login.is_valid(log_in(login, address="another"))
    assert clock.delays == [DELAY_S]


def test_number_of_delayed_tries_is_bounded(login: Login) -> None:
    guess(login, "a", TRIES_PER_ADDRESS)

    async def flood() -> list[BaseException | str]:
        tries = [login.log_in("guess", "a") for _ in range(MAX_DELAYED + 5)]
        return await asyncio.gather(*tries, return_exceptions=True)

    results = asyncio.run(flood())
    assert sum(isinstance(each, TooManyTries) for each in results) == 5
    assert login.is_valid(log_in(login))


def test_right_token_costs_no_try(login: Login, clock: Clock) -> None:
    for _ in range(TRIES + 1):
        log_in(login)
    assert clock.delays == []


@pytest.mark.parametrize("token", ["", TOKEN[:-1], f"{TOKEN} ", "é", "\ud800"])
def test_other_tokens_are_wrong(login: Login, token: str) -> None:
    with pytest.raises(WrongToken):
        log_in(login, token)
