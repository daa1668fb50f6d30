"""Loop nests of random programs compute what NumPy computes, in lanes and one point at a time.

The source that numba compiles is run by Python itself (see `interpreted`), where each access of
memory is checked; a few of the programs are compiled too.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sympy import KroneckerDelta, exp, log, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics.backends.numba import print_numba
from tests.numerics.interpreted import run

N, M = dv.size("N"), dv.size("M")
I, J, K, L = dv.indices("i j k l", N)
A, B = dv.indices("a b", M)
FREE = {"i": I, "j": J, "k": K, "l": L, "a": A, "b": B}
x, y = symbols("x y", real=True)
V, U = dv.Given("V", I), dv.Given("U", A)
W, S = dv.Given("W", I, J), dv.Given("S", I, J, symmetric=True)
R = dv.Given("R", I, A)
ARGUMENTS = [x, y, V[I], U[A], W[I, J], S[I, J], R[I, A]]
POINTS = 5

# A form is a function of two indices over N and one over M, used under several names of these
LEAVES = {
    "x": lambda p, q, a: x,
    "y": lambda p, q, a: y,
    "V": lambda p, q, a: V[p],
    "V'": lambda p, q, a: V[q],
    "V1": lambda p, q, a: V[1],
    "U": lambda p, q, a: U[a],
    "W": lambda p, q, a: W[p, q],
    "W'": lambda p, q, a: W[q, p],
    "W diagonal": lambda p, q, a: W[p, p],
    "W1": lambda p, q, a: W[p, 1],
    "S": lambda p, q, a: S[p, q],
    "S diagonal": lambda p, q, a: S[q, q],
    "R": lambda p, q, a: R[p, a],
    "R'": lambda p, q, a: R[q, a],
    "delta": lambda p, q, a: KroneckerDelta(p, q),
    "position": lambda p, q, a: p,
    "constant": lambda p, q, a: -1.5,
}
JOINED = {
    "add": lambda u, v: u + v,
    "subtract": lambda u, v: u - v,
    "multiply": lambda u, v: u * v,
    "divide": lambda u, v: u / (2 + v**2),
    "root": lambda u, v: u / sqrt(1 + v**2),
}
ALONE = {"tanh": tanh, "gauss": lambda u: exp(-(u**2)), "square": lambda u: u**2}
REDUCED = {
    "sum": lambda f, p, q, a: dv.total(f(p, L, a), L),
    "sum over both": lambda f, p, q, a: dv.total(f(K, L, a), K, L),
    "sum over M": lambda f, p, q, a: dv.total(f(p, q, B), B),
    "sum over all": lambda f, p, q, a: dv.total(f(p, L, B), L, B),
    "contraction": lambda f, p, q, a: dv.total(f(p, L, a) * f(q, L, a), L),
    "product": lambda f, p, q, a: dv.product(1 + f(p, L, a) ** 2, L),
    "log of a sum": lambda f, p, q, a: log(dv.total(exp(f(p, L, a)), L)),
    "square": lambda f, p, q, a: f(p, q, a) * f(q, p, a),
    "quadratic": lambda f, p, q, a: dv.total(f(K, p, a) * S[K, L] * f(L, q, a), K, L),
    "symmetric": lambda f, p, q, a: dv.total(tanh(f(p, L, a) * f(q, L, a)), L),
}


def _leaf(name):
    return LEAVES[name]


def _joined(op, f, g):
    return lambda p, q, a: JOINED[op](f(p, q, a), g(p, q, a))


def _alone(op, f):
    return lambda p, q, a: ALONE[op](f(p, q, a))


def _reduced(op, f):
    return lambda p, q, a: REDUCED[op](f, p, q, a)


def _turned(f):
    return lambda p, q, a: f(q, p, a)


simple = st.recursive(
    st.sampled_from(sorted(LEAVES)).map(_leaf),
    lambda inner: (
        st.builds(_joined, st.sampled_from(sorted(JOINED)), inner, inner)
        | st.builds(_alone, st.sampled_from(sorted(ALONE)), inner)
        | inner.map(_turned)
    ),
    max_leaves=4,
)
reduced = st.builds(_reduced, st.sampled_from(sorted(REDUCED)), simple)
twice = st.builds(
    _reduced,
    st.sampled_from(sorted(REDUCED)),
    st.builds(_joined, st.just("multiply"), simple, reduced),
)
forms = st.builds(
    _joined, st.sampled_from(sorted(JOINED)), reduced | twice, simple | reduced | twice
)
programs = st.lists(forms, min_size=1, max_size=3)
uniform_sets = st.sets(st.sampled_from([str(s) for s in "xyVUWSR"]))
sizes = st.sampled_from([(3, 2), (2, 3), (1, 2), (3, 1), (1, 1)])


def equations(made):
    """Outputs over i, j and a, in various orders of their axes."""
    orders = ((I, J, A), (J, I, A), (K, I, B))
    named = [(f"f{n}", f(*orders[n])) for n, f in enumerate(made)]
    return dv.Equations(unknowns=(), parameters=tuple(ARGUMENTS), expressions=tuple(named))


def values(kernel, uniform, count, seed):
    """Arrays by the number of the input; those that vary have an axis of points in front."""
    rng, found = np.random.default_rng(seed), {}
    for k, one in enumerate(kernel.program.inputs):
        if one.is_size:
            continue
        shape = tuple(count[over.name] for over in one.ranges)
        drawn = rng.normal(size=shape if k in uniform else (POINTS, *shape))
        if one.name == "S":
            drawn = (drawn + np.swapaxes(drawn, -1, -2)) / 2
        found[k] = drawn
    return found


def prepared(made, uniform_names, size, seed):
    """A kernel, what does not vary, its values, and the sizes of the ranges by range and symbol."""
    kernel = nm.compile(equations(made))
    program = kernel.program
    uniform = frozenset(
        k for k, one in enumerate(program.inputs) if one.is_size or one.name in uniform_names
    )
    lengths = {N: size[0], M: size[1]}
    ranges = {over: lengths[over.size] for one in program.inputs for over in one.ranges}
    by_name = {over.name: length for over, length in ranges.items()}
    return kernel, uniform, values(kernel, uniform, by_name, seed), ranges


def expected(kernel, uniform, found):
    """What NumPy computes, along the batch."""
    ranks = [len(one.ranges) for one in kernel.program.inputs]
    args = [
        np.broadcast_to(v, (POINTS, *v.shape[v.ndim - ranks[k] :])) if k in uniform else v
        for k, v in found.items()
    ]
    results = kernel.evaluate(args, nonfinite="keep")
    return results if isinstance(results, tuple) else (results,)


def agree(results, wanted):
    for result, value in zip(results, wanted, strict=True):
        scale = max(1.0, float(np.max(np.abs(value))))
        np.testing.assert_allclose(result, value, rtol=1e-10, atol=1e-10 * scale)


def checked(made, uniform_names, size, lanes, seed):
    kernel, uniform, found, ranges = prepared(made, uniform_names, size, seed)
    lengths = {over.size: length for over, length in ranges.items()}
    unit = print_numba(kernel.program, uniform, lengths, lanes)
    results, status = run(unit, kernel.program, found, POINTS, ranges)
    wanted = expected(kernel, uniform, found)
    assert status == (0 if all(np.isfinite(w).all() for w in wanted) else 1)
    agree(results, wanted)


relaxed = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "report_multiple_bugs": False,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
}


@settings(max_examples=150, **relaxed)
@given(programs, uniform_sets, sizes, st.sampled_from((1, 4)), st.integers(0, 2**32))
def test_a_nest_computes_what_numpy_computes(made, uniform_names, size, lanes, seed):
    checked(made, uniform_names, size, lanes, seed)


@pytest.mark.slow
@settings(max_examples=1500, **relaxed)
@given(programs, uniform_sets, sizes, st.sampled_from((1, 2, 4, 8)), st.integers(0, 2**32))
def test_many_nests_compute_what_numpy_computes(made, uniform_names, size, lanes, seed):
    checked(made, uniform_names, size, lanes, seed)


def both(f):
    """A form that stays what it is when its two indices change places."""
    return lambda p, q, a: f(p, q, a) * f(q, p, a)


CHOSEN = {
    "symmetric sums": [
        lambda p, q, a: dv.total(tanh(W[p, L] * V[L] * W[q, L]), L),
        lambda p, q, a: dv.total(tanh(V[K] * V[L] * S[K, L] + x), K, L),
        lambda p, q, a: dv.total(tanh(V[K] * W[K, L] + x), K, L) * y,
    ],
    "halves that are read on the spot": [
        lambda p, q, a: dv.total(tanh(W[p, L] * V[L] * W[q, L]), L) * V[q] + x,
        lambda p, q, a: dv.total(tanh(dv.total(tanh(W[p, L] * V[L] * W[K, L]), L)) * V[K], K),
        lambda p, q, a: dv.total(S[p, K] * tanh(dv.total(tanh(W[p, L] * W[K, L]), L)) * R[K, a], K),
    ],
    "views and reductions": [
        both(lambda p, q, a: dv.total(tanh(W[p, L] + V[q]), L)),
        lambda p, q, a: log(dv.total(exp(R[L, a] * W[L, p]), L)) + KroneckerDelta(p, q) * W[p, p],
        lambda p, q, a: dv.product(1 + (x * V[L] + W[p, L]) ** 2, L) / (1 + S[q, q] ** 2) + V[1],
    ],
}


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("lanes", [1, 4])
def test_chosen_nests_compute_what_numpy_computes(name, lanes):
    checked(CHOSEN[name], {"U", "W"}, (3, 2), lanes, seed=1)


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("points", [1, 11])
def test_machine_code_of_nests_computes_what_numpy_computes(name, points):
    pytest.importorskip("numba")
    made = equations(CHOSEN[name])
    numpy, numba = (nm.compile(made, backend=backend) for backend in ("numpy", "numba"))
    rng = np.random.default_rng(points)
    shapes = {"x": (), "y": (), "V": (3,), "U": (2,), "W": (3, 3), "S": (3, 3), "R": (3, 2)}
    given = {
        key: rng.normal(size=(points, *shape) if key not in "UW" else shape)
        for key, shape in shapes.items()
    }
    given["S"] = (given["S"] + np.swapaxes(given["S"], 1, 2)) / 2
    agree(numba(given), numpy(given))
