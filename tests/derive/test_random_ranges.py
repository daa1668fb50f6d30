"""Random changes of variables, ranges split and joined, and bilinear forms: each holds."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational

import derive as dv
from derive import Kind, total
from tests.derive.strategies import (
    Case,
    N,
    a,
    discrete_variables,
    fractions,
    g,
    h,
    i,
    one_body,
    seeds,
    signed,
    sizes,
    variables,
)

P = dv.size("P")
j = dv.Index("j", N)


@st.composite
def changed_variables(draw):
    """An affine change and the change back, of any measure, coupled by an array."""
    v, functions = draw(variables("s", i))
    A, f = dv.Given("A", i, j), draw(st.sampled_from(functions))
    exponent = -a * total(A[i, j] * f(i) * f(j), i, j) + draw(one_body(v, i))
    origin, slope = draw(signed), draw(signed)
    d = dv.Ensemble(trace=v, exponent=exponent, log_prefactor=g).derive()
    d = d.change_variable(v, "u", lambda u: origin + slope * u)
    d = d.change_variable("u", "v", lambda v: (v - origin) / slope)
    return Case(d, {"N": draw(sizes())}, draw(seeds))


PARTS = {
    "unit first": [1, i],
    "unit last": [i, 1],
    "units around": [1, i, 1],
    "two sizes": [i, dv.Index("p", P)],
    "equal parts": [i, dv.Index("p", dv.IndexRange(N, "other")), 1],
}


@st.composite
def split_ranges(draw):
    """A range in any parts, over which variables, a field and couplings stand."""
    parts = PARTS[draw(st.sampled_from(sorted(PARTS)))]
    size = sum(part if part == 1 else part.size for part in parts)
    k, l = dv.indices("k l", dv.IndexRange(size, "whole"))
    v, functions = draw(variables("s", k))
    W, F = dv.Given("W", k, l), dv.Given("F", k)
    f, e = (draw(st.sampled_from(functions)) for _ in range(2))
    exponent = -a * total(W[k, l] * f(k) * e(l), k, l) + total(F[k] * f(k), k)
    exponent += draw(st.sampled_from([0, h / N])) * total(f(k), k) ** 2
    pieces = {
        "s": [f"s{n}" for n in range(len(parts))],
        "F": [draw(_block(f"f{n}", part)) for n, part in enumerate(parts)],
        "W": [
            [draw(_block(f"w{n}{m}", row, column)) for m, column in enumerate(parts)]
            for n, row in enumerate(parts)
        ],
    }
    if parts[0] == 1 and hasattr(v.measure, "values") and draw(st.booleans()):
        pieces["s"][0] = draw(st.sampled_from(v.measure.values))
    d = dv.Ensemble(trace=v, exponent=exponent).derive().split(k, parts, pieces)
    return Case(d, {"N": draw(sizes(3))}, draw(seeds))


@st.composite
def _block(draw, name, *parts):
    """An array over the parts that have an index, its transpose or multiple, or a scalar."""
    slots = [part for part in parts if part != 1]
    kind = draw(st.sampled_from(["array", "multiple", "transpose", "scalar"]))
    if not slots or kind == "scalar":
        return draw(st.sampled_from([0, 1, h, a * g, Rational(2, 3)]))
    if kind == "transpose" and len(slots) == 2:
        return dv.Given(name, *(s.renamed(f"x{n}") for n, s in enumerate(slots[::-1]))).T
    label = dv.Given(name, *(s.renamed(f"x{n}") for n, s in enumerate(slots)))
    return label if kind == "array" else lambda *at: 2 * h * label[at]


@st.composite
def joined_ranges(draw):
    """Layers with the same values, coupled in pairs: joined, and split again."""
    count = draw(st.integers(2, 3))
    indices = [dv.Index(f"x{n}", dv.IndexRange((N, P, 2)[n], f"layer{n}")) for n in range(count)]
    first, _ = draw(discrete_variables("s0", indices[0], most=3))
    layers = [first]
    layers += [
        dv.Variable(dv.Ising(f"s{n}", x).label, first.measure) for n, x in enumerate(indices[1:], 1)
    ]
    W = [[0] * count for _ in range(count)]
    F = [draw(st.sampled_from([0, 1, h])) for _ in range(count)]
    exponent = sum((x * total(v[k], k) for x, v, k in zip(F, layers, indices, strict=True)), 0 * h)
    pairs = list(combinations(range(count), 2))
    for n, m in draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True)):
        array = dv.Given(f"w{n}{m}", indices[n], indices[m])
        W[n][m], W[m][n] = array, array.T
        x, y = indices[n], indices[m]
        exponent += a / N * total(array[x, y] * layers[n][x] * layers[m][y], x, y)
    arrays = {"W": W} | ({"F": F} if any(F) else {})
    d = dv.Ensemble(trace=layers, exponent=exponent).derive()
    joined = d.join("s", layers, arrays, over="all")
    (k,) = (dv.Index("k", r) for r in joined["s"].label.ranges)
    used = {e.name for e in joined.exponent.atoms(dv.Element)}
    back = {name: blocks for name, blocks in arrays.items() if name in used}
    again = joined.split(k, indices, back | {"s": [v.name for v in layers]})
    assert again.state == d.state
    return Case(again, {"N": 1, "P": 2}, draw(seeds))


@st.composite
def bilinear_forms(draw):
    """An array of any shape between two kinds of variables, of either sign."""
    k = dv.Index("k", draw(st.sampled_from([dv.IndexRange(2, "other"), dv.IndexRange(3, "other")])))
    v, functions = draw(variables("s", i))
    u, others = draw(discrete_variables("t", k, most=3))
    f, e = draw(st.sampled_from(functions)), draw(st.sampled_from(others))
    A = dv.Given("A", k, i) if draw(st.booleans()) else dv.Given("A", i, k).T
    strength = draw(st.sampled_from([a, -a])) * draw(fractions) / 4
    exponent = strength * total(A[k, i] * f(i) * e(k), i, k) + draw(one_body(v, i))
    d = dv.Ensemble(trace=[v, u], exponent=exponent).derive().hubbard_stratonovich("x", "y")
    return Case(d, {"N": 2}, draw(seeds))


FAMILIES = {
    "changed variables": (changed_variables(), 40),
    "split ranges": (split_ranges(), 40),
    "joined ranges": (joined_ranges(), 25),
    "bilinear forms": (bilinear_forms(), 10),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_holds(family):
    cases, examples = FAMILIES[family]
    checked = 0

    @settings(max_examples=examples)
    @given(cases)
    def holds(case):
        nonlocal checked
        known = {str(s) for x in (case.derivation.start, case.derivation.state) for s in _sizes(x)}
        report = case.derivation.check(
            seed=case.seed, **{k: v for k, v in case.sizes.items() if k in known}
        )
        assert report.holds, report
        assert {row.kind for row in report.rows} == {Kind.EXACT}
        assert all(row.digits >= 25 for row in report.rows)
        checked += 1

    holds()
    assert checked == examples


def _sizes(ensemble):
    return {s for v in ensemble.variables for r in v.label.ranges for s in r.size.free_symbols}


@settings(max_examples=20)
@given(case=changed_variables())
def test_a_change_and_its_inverse_leave_the_model(case):
    d = case.derivation
    ((old,), (new,)) = (e.variables for e in (d.start, d.state))
    renamed = d.state.replaced(
        exponent=d.exponent.replace(
            lambda e: isinstance(e, dv.Element) and e.name == "v", lambda e: old[e.slots]
        )
    )
    assert (renamed.exponent - d.start.exponent).expand() == 0
    assert (d.log_prefactor - d.start.log_prefactor).expand() == 0
    if hasattr(old.measure, "values"):
        assert dict(zip(*new.measure.args, strict=True)) == dict(
            zip(*old.measure.args, strict=True)
        )
