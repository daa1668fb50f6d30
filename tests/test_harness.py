"""The benchmark harness on candidates whose numbers are known beforehand."""

import math

import numpy as np
import pytest
from mpmath import mp

from benchmarks.elsewhere import elsewhere
from benchmarks.harness import (
    Absent,
    Candidate,
    Elsewhere,
    Offer,
    Prepared,
    Workload,
    measure,
    present,
    relative_error,
)
from benchmarks.table import as_markdown, as_text, summary


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


def test_a_group_stands_for_its_fastest_member():
    clock = Clock()
    candidates = [clock.candidate(name, s) for name, s in (("a", 1.0), ("b", 0.5), ("own", 0.25))]
    groups = {"others": ["a", "b", "absent"], "nobody": ["absent"]}
    workload = Workload("w", "a job", lambda: Prepared(candidates, "a", against=groups))
    measured = measure(workload, clock=clock)
    assert measured["own"].against == {"others": 2.0}
    assert measured["a"].against == {"others": 0.5}


def test_a_part_of_a_job_is_scaled_to_the_whole():
    clock = Clock()
    whole = clock.candidate("whole", 2.0)
    tenth = Candidate("a tenth", clock.candidate("", 0.5).call, part=0.1)
    workload = Workload("w", "a job", lambda: Prepared([whole, tenth], reference="whole"))
    measured = measure(workload, clock=clock)["a tenth"]
    assert (measured.seconds, measured.ratio) == (5.0, 2.5)


def test_work_elsewhere_counts_as_it_was_measured_there():
    clock = Clock()
    there = clock.candidate("there", 3.0, Elsewhere(seconds=1.5, memory=2.0**21, result=0.125))
    workload = Workload("w", "a job", lambda: Prepared([there], "there", error=lambda x: x))
    measured = measure(workload, clock=clock)["there"]
    assert (measured.seconds, measured.memory_mib, measured.error) == (1.5, 2.0, 0.125)


def test_a_fresh_process_measures_itself():
    found = elsewhere("tests.test_harness", "in_a_process", "3")
    assert (found.seconds, found.result) == (1.5, "333")
    assert found.memory > 0


def in_a_process(argument: str) -> tuple[float, str]:
    return 1.5, 3 * argument


def test_what_is_absent_is_left_out_and_named(capsys):
    def absent():
        raise Absent("there is no compiler\nand more")

    def missing():
        import a_package_that_nobody_has  # noqa: F401

    offers = [Offer("plain", lambda: list), Offer("fast", absent), Offer("other", missing, 0.5)]
    assert [candidate.name for candidate in present(*offers)] == ["plain"]
    fast, other = capsys.readouterr().out.splitlines()
    assert fast == "without 'fast': there is no compiler"
    assert other.startswith("without 'other': No module named")


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


def test_tables_say_what_was_measured():
    clock = Clock()
    candidates = [clock.candidate("plain", 0.5, 0.25), clock.candidate("fast", 0.125, 0.0)]
    groups = {"C": ["plain"]}
    prepared = Prepared(candidates, "plain", error=lambda x: x, against=groups)
    workload = Workload("name", "A job", lambda: prepared)
    measured = measure(workload, clock=clock)
    header, plain, fast = as_text(measured).splitlines()
    assert header.split() == ["candidate", "ratio", "seconds", "error", "MiB", "C/own"]
    assert plain.split()[:5] == ["plain", "*", "1", "5.000e-01", "2.5e-01"]
    assert fast.split()[-1] == "4"
    page = as_markdown(workload, measured).splitlines()
    assert page[0] == "### name"
    assert page[4] == "| candidate | seconds | error | MiB | C / own |"
    assert page[7].startswith("| fast | 1.25e-01 | 0.0e+00 |")
    assert page[7].endswith("| 4 |")
    told = summary({"name": measured}, of="fast").splitlines()
    assert told[0] == "| workload | candidate | seconds | error | C / own |"
    assert told[2:] == ["| name | fast | 1.25e-01 | 0.0e+00 | 4 |"]
