"""Samples of resources, and the definition of their level."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.faults import resources
from tests.faults.resources import Sample, Sampler, growths, levels, read_samples, sample
from tests.support.waiting import wait_until


def test_sample_has_the_resources_of_a_process() -> None:
    before = sample("tests", os.getpid())
    assert before is not None
    end = threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    with Path(os.devnull).open() as _:
        after = sample("tests", os.getpid())
    end.set()
    for thread in threads:
        thread.join()
    assert after is not None
    assert before.memory_kb > 1_000
    assert after.threads == before.threads + 3
    assert after.descriptors == before.descriptors + 1


def test_ended_process_has_no_sample() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert sample("zombie", pid) is None
    os.waitpid(pid, 0)
    assert sample("none", pid) is None


def test_sampler_writes_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "INTERVAL_S", 0.01)
    file = tmp_path / "samples"
    with Sampler(file, lambda: {"one": os.getpid(), "other": os.getppid()}):
        wait_until(lambda: file.exists() and len(list(read_samples(file))) >= 4)
    assert {each.name for each in read_samples(file)} == {"one", "other"}


def samples(memory_kb: list[int], threads: int = 5, name: str = "server") -> list[Sample]:
    return [Sample(time, name, 1, memory, threads, 20) for time, memory in enumerate(memory_kb)]


@pytest.mark.parametrize(
    "memory_kb",
    [
        [10_000 + 1_000 * number for number in range(10)] + [20_000] * 20,
        [50_000, 50_100] * 15,
        [50_000] * 29 + [90_000],
        [50_000 - 100 * number for number in range(30)],
    ],
    ids=["warm-up", "level", "peak", "less"],
)
def test_level_memory_is_no_growth(memory_kb: list[int]) -> None:
    assert growths(samples(memory_kb)) == []


def test_growth_after_the_warm_up_is_found() -> None:
    (found,) = growths(samples([50_000 + 1_000 * number for number in range(30)]))
    assert found == "memory_kb of server grew from 64500 to 74500"


def test_level_is_the_medians_of_the_second_and_last_third() -> None:
    memory_kb = [900] * 9 + [100, 200, 300] * 3 + [400, 500, 600] * 3
    memory, threads, descriptors = levels(samples(memory_kb, name="simulator"))
    assert memory == ("simulator", 1, "memory_kb", 200, 500)
    assert threads == ("simulator", 1, "threads", 5, 5)
    assert descriptors == ("simulator", 1, "descriptors", 20, 20)


def test_growth_of_threads_is_found() -> None:
    grown = samples([50_000] * 20) + samples([50_000] * 10, threads=8)
    (found,) = growths(grown)
    assert found == "threads of server grew from 5 to 8"


def test_restarted_process_is_another_one() -> None:
    before = samples([50_000] * 15)
    after = [each._replace(pid=2, threads=50) for each in before]
    assert growths([*before, *after]) == []


def test_process_with_few_samples_has_no_level() -> None:
    memory_kb = [1_000 * number for number in range(8)]
    found = growths(samples(memory_kb, name="simulator"))
    assert found == ["simulator (process 1) has only 8 samples"]


def test_run_without_samples_is_found() -> None:
    assert growths([]) == ["no process was sampled"]


def test_error_of_the_sampler_is_raised_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "INTERVAL_S", 0.01)
    is_called = threading.Event()

    def processes() -> dict[str, int]:
        is_called.set()
        raise LookupError("no such part")

    with pytest.raises(LookupError, match="no such part"), Sampler(tmp_path / "file", processes):
        assert is_called.wait(30)


def test_error_of_the_sampler_is_raised_by_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "INTERVAL_S", 0.01)

    def processes() -> dict[str, int]:
        raise LookupError("no such part")

    def has_failed(sampler: Sampler) -> bool:
        try:
            sampler.check()
        except LookupError:
            return True
        return False

    with pytest.raises(LookupError), Sampler(tmp_path / "file", processes) as sampler:
        wait_until(lambda: has_failed(sampler), what="the check fails")
