"""What the storage problem refuses, by type and by name."""

import numpy as np
import pytest

import numerics as nm

st = nm.storage

X, Y = np.eye(3), np.array([1, -1, 1])
CALLS = [
    st.separable,
    st.max_margin,
    lambda x, y: st.local_search(x, y, -0.5),
    st.ising_solutions,
    lambda x, y: st.version_space(x, y, sweeps=4),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("x", "y", "error", "said"),
    [
        (X, [1, 0, 1], nm.DomainError, r"y has the value 0: labels are \+1 or -1"),
        (X, [1, 0.5, 1], nm.DomainError, "y has the value 0.5"),
        (X, [1, 1], nm.ShapeError, r"y has shape \(2,\): give \(3,\), a label for each"),
        (X[0], [1], nm.ShapeError, r"X has shape \(3,\): give \(..., p, n\)"),
        (np.empty((0, 3)), [], nm.ShapeError, r"X has shape \(0, 3\)"),
        (np.empty((2, 0)), [1, 1], nm.ShapeError, r"X has shape \(2, 0\)"),
        (X * np.nan, Y, nm.NotANumberError, "X has values that are nan or infinite"),
        (X, [1, np.inf, 1], nm.NotANumberError, "y has values that are nan or infinite"),
        (X * 1e200, Y, nm.DomainError, "X has values of size 1e.200, whose squares overflow"),
        (X * 1e-200, Y, nm.DomainError, "X has values of size 1e-200, whose squares overflow"),
        (X * 1j, Y, nm.NotANumberError, "X holds complex128 values: give real numbers"),
        ([["a"]], [1], nm.NotANumberError, "X holds <U1 values"),
        ([[1, 2], [3]], [1, 1], nm.NotANumberError, "X is no rectangular array"),
        (X, [True, True, True], nm.NotANumberError, "y holds bool values"),
    ],
)
def test_patterns_and_labels(call, x, y, error, said):
    with pytest.raises(error, match=said):
        call(x, y)


@pytest.mark.parametrize("call", CALLS[:4])
def test_one_set_of_patterns_at_a_time(call):
    with pytest.raises(nm.ShapeError, match="give one set of patterns"):
        call(np.ones((2, 3, 3)), np.ones((2, 3)))


@pytest.mark.parametrize(
    "call",
    [
        lambda kappa: st.local_search(X, Y, kappa),
        lambda kappa: st.ising_solutions(X, Y, kappa),
        lambda kappa: st.version_space(X, Y, kappa, sweeps=4),
        lambda kappa: st.capacity(5, kappa),
    ],
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, "wide", None, [0.1, 0.2]])
def test_margins_are_finite_numbers(call, bad):
    with pytest.raises(nm.NotANumberError, match="kappa="):
        call(bad)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: st.quenched([]), nm.ShapeError, "no samples to average"),
        (lambda: st.quenched([0.1, -np.inf]), nm.NotANumberError, "nan or infinite: leave them"),
        (lambda: st.random_patterns(0, 3), nm.DomainError, "p=0: give a positive integer"),
        (lambda: st.random_patterns(3, 2.0), nm.DomainError, r"n=2\.0: give a positive integer"),
        (lambda: st.random_patterns(3, 2, samples=0), nm.DomainError, "samples=0"),
        (lambda: st.random_patterns(3, 2, patterns="ising"), nm.DomainError, '"gaussian" or "bin'),
        (lambda: st.random_patterns(3, 2, rng="a"), nm.DomainError, "rng='a' is no seed"),
        (lambda: st.capacity(0), nm.DomainError, "n=0: give a positive integer"),
        (lambda: st.capacity(5, samples=-1), nm.DomainError, "samples=-1"),
        (lambda: st.capacity(5, weights="binary"), nm.DomainError, '"spherical" or "ising"'),
        (lambda: st.capacity(5, patterns="ising"), nm.DomainError, '"gaussian" or "binary"'),
        (lambda: st.capacity(30, weights="ising"), nm.TooManyStatesError, r"have 2\*\*30 weights"),
        (lambda: st.local_search(X, Y, -1, restarts=0), nm.DomainError, "restarts=0"),
        (lambda: st.ising_solutions(X, Y, largest=2), nm.TooManyStatesError, "n = 3 inputs"),
        (lambda: st.version_space(X, Y, sweeps=3), nm.DomainError, "sweeps=3: give an integer of"),
        (lambda: st.version_space(X, Y, sweeps=9, chains=3), nm.DomainError, "give an even number"),
        (lambda: st.version_space(X, Y, sweeps=9, burn_in=-1), nm.DomainError, "burn_in=-1"),
    ],
)
def test_sizes_and_choices(call, error, said):
    with pytest.raises(error, match=said):
        call()
