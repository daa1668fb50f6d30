"""Random sums of products of arrays, dense, bound and sparse, several at once, against einsum."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Mul

import derive as dv
import numerics as nm

N = dv.size("N")
INDICES = dv.indices("i j k l", N)
i, j = INDICES[:2]
MATRICES = {
    "w": dv.Given("w", i, j),
    "u": dv.Given("u", i, j),
    "W": dv.Given("W", i, j, symmetric=True),
}
VECTORS = {"V": dv.Given("V", i), "x": dv.Given("x", i)}

slots = st.sampled_from("ijkl")
matrix = st.tuples(st.sampled_from(sorted(MATRICES)), slots, slots)
vector = st.tuples(st.sampled_from(sorted(VECTORS)), slots)
factors = st.lists(st.tuples(matrix | vector, st.integers(1, 2)), min_size=1, max_size=5)
sums = st.lists(st.tuples(factors, st.sets(slots, max_size=2)), min_size=1, max_size=3)


def symbolic(product, free):
    arrays = {**MATRICES, **VECTORS}
    place = dict(zip("ijkl", INDICES, strict=True))
    body = Mul(*(arrays[f[0]][tuple(place[s] for s in f[1:])] ** p for f, p in product))
    bound = sorted({s for f, _ in product for s in f[1:]} - free)
    return dv.total(body, *(place[s] for s in bound)) if bound else body


def by_einsum(product, free, values):
    used = {s for f, _ in product for s in f[1:]}
    spec = ",".join("..." + "".join(f[1:]) for f, _ in product)
    kept = "".join(sorted(free & used))
    return np.einsum(f"{spec}->...{kept}", *(values[f[0]] ** p for f, p in product)), len(kept)


def drawn(seed, batched):
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=(4, 4)) * (rng.random((4, 4)) < 0.6) for name in MATRICES}
    values["W"] = values["W"] + values["W"].T
    return values | {name: rng.normal(size=(3, 4) if name in batched else 4) for name in VECTORS}


def agree(results, expected, shape):
    results = results if isinstance(results, tuple) else (results,)
    for result, (value, axes) in zip(results, expected, strict=True):
        wanted = np.broadcast_to(value, shape + value.shape[value.ndim - axes :])
        np.testing.assert_allclose(result, wanted, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    sums, st.integers(0, 2**32), st.sets(st.sampled_from("Vx")), st.sets(st.sampled_from("wuWVx"))
)
def test_random_sums_of_products(terms, seed, batched, held):
    values = drawn(seed, batched)
    expected = [by_einsum(product, free, values) for product, free in terms]
    kernel = nm.compile([symbolic(product, free) for product, free in terms])
    known = {argument.name: values[argument.name] for argument in kernel.arguments}
    shape = (3,) if batched & known.keys() else ()
    agree(kernel(**known), expected, shape)
    first = {name: value for name, value in known.items() if name in held}
    rest = {name: value for name, value in known.items() if name not in held}
    agree(kernel.bind(first)(**rest), expected, shape)
    sparse = {name: sp.csr_array(v) if name in MATRICES else v for name, v in known.items()}
    try:
        results = kernel(**sparse)
    except nm.UnsupportedExpressionError as error:
        assert "would be dense" in str(error)  # noqa: PT017
    else:
        agree(results, expected, shape)
