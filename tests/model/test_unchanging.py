"""Results are kept for the very values that they were found for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ska_sdp_config.lmc.unchanging import by_identity


def test_a_value_is_looked_through_once() -> None:
    seen: list[object] = []

    @by_identity(4)
    def count(value: list[int]) -> int:
        seen.append(value)
        return len(value)

    value = [1, 2]
    assert [count(value), count(value)] == [2, 2]
    assert seen == [value]


def test_an_equal_value_is_another_one() -> None:
    @by_identity(4)
    def kind(value: object) -> str:
        return type(value).__name__

    assert [kind(1), kind(True), kind(1.0)] == ["int", "bool", "float"]


def test_values_that_come_and_go_are_never_taken_for_another() -> None:
    @by_identity(8)
    def first(value: list[int]) -> int:
        return value[0]

    assert [first([number]) for number in range(1_000)] == list(range(1_000))


def test_many_threads_may_ask() -> None:
    @by_identity(8)
    def double(value: int) -> int:
        return 2 * value

    values = list(range(1_000, 1_050)) * 40
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(double, values)) == [2 * value for value in values]
