"""The benchmark harness on candidates whose numbers are known beforehand."""

import math

import numpy as np
import pytest
from mpmath import mp

from benchmarks.harness import Candidate, Prepared, Workload, measure, relative_error


class Clock:
    """A clock that only the candidates move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def candidate(self, name: str, seconds: float, result: object = None) -> Candidate:
        def call() -> object:
            self.now += seconds
            return result

        return Candidate(name, call)


def test_ratio_and_seconds_are_those_of_the_clock():
    clock = Clock()
    candidates = [clock.candidate("plain", 0.5), clock.candidate("fast", 0.125)]
    workload = Workload("w", "a job", lambda: Prepared(candidates, reference="plain"))
    measured = measure(workload, clock=clock)
    assert {name: (m.ratio, m.seconds) for name, m in measured.items()} == {
        "plain": (1.0, 0.5),
        "fast": (0.25, 0.125),
    }


def test_error_is_the_largest_on_the_sample():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    judge = relative_error(mp.exp, x, at=[0, 1, 3])
    wrong = np.exp(x)
    assert judge(wrong) < 3e-16
    wrong[2] = 0.0  # not in the sample
    wrong[3] *= 1.25
    assert judge(wrong) == pytest.approx(0.25, rel=1e-12, abs=0)


def test_nan_never_passes():
    judge = relative_error(mp.exp, np.array([1.0]), at=[0])
    assert judge(np.array([math.nan])) == math.inf


@pytest.mark.parametrize("allocate", [np.ones, lambda size: [None] * size])
def test_memory_is_the_peak_of_one_call(allocate):
    candidate = Candidate("allocates 8 MiB", lambda: len(allocate(2**20)))
    workload = Workload("w", "a job", lambda: Prepared([candidate], reference=candidate.name))
    measured = measure(workload, rounds=1)[candidate.name]
    assert 8.0 <= measured.memory_mib < 12.0


def test_reference_must_be_a_candidate():
    workload = Workload("w", "a job", lambda: Prepared([], reference="absent"))
    with pytest.raises(ValueError, match="no candidate named 'absent'"):
        measure(workload)
