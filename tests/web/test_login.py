"""Sessions, and the limit on wrong tokens, by a clock of the test."""

from __future__ import annotations

import pytest

from ska_sdp_web.login import (
    DELAY_PER_ADDRESS_S,
    DELAY_S,
    MAX_SESSIONS,
    SESSION_S,
    TRIES,
    TRIES_PER_ADDRESS,
    Login,
    TooManyTries,
    WrongToken,
)

TOKEN = "a token of the test"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Login:
    return Login(TOKEN, clock)


def guess(login: Login, address: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongToken):
            login.log_in("guess", address)


def test_session_is_valid_until_it_ends(login: Login, clock: Clock) -> None:
    session = login.log_in(TOKEN, "a")
    assert login.is_valid(session)
    assert not login.is_valid(f"{session}x")
    assert not login.is_valid("")
    assert not login.is_valid(None)
    clock.now += SESSION_S
    assert not login.is_valid(session)


def test_sessions_are_bounded_and_differ(login: Login) -> None:
    sessions = [login.log_in(TOKEN, "a") for _ in range(MAX_SESSIONS + 1)]
    assert len(set(sessions)) == len(sessions)
    assert not login.is_valid(sessions[0])
    assert all(map(login.is_valid, sessions[1:]))


def test_tries_of_an_address_are_delayed_but_never_locked_out(login: Login, clock: Clock) -> None:
    guess(login, "a", TRIES_PER_ADDRESS)
    for _ in range(3):
        with pytest.raises(TooManyTries) as error:
            login.log_in(TOKEN, "a")
        assert 0 < error.value.delay <= DELAY_PER_ADDRESS_S
    assert login.log_in(TOKEN, "b")
    clock.now += DELAY_PER_ADDRESS_S
    assert login.log_in(TOKEN, "a")


def test_tries_of_all_addresses_are_delayed_but_never_locked_out(
    login: Login, clock: Clock
) -> None:
    for number in range(TRIES):
        guess(login, str(number), 1)
    with pytest.raises(TooManyTries):
        login.log_in(TOKEN, "another")
    clock.now += DELAY_S
    assert login.log_in(TOKEN, "another")


def test_right_token_costs_no_try(login: Login) -> None:
    for _ in range(TRIES + 1):
        login.log_in(TOKEN, "a")


@pytest.mark.parametrize("token", ["", TOKEN[:-1], f"{TOKEN} ", "é", "\ud800"])
def test_other_tokens_are_wrong(login: Login, token: str) -> None:
    with pytest.raises(WrongToken):
        login.log_in(token, "a")
