"""What the benchmarks compare with is right: shared rules, formulas written out, C, flows."""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.special import erfcx

import numerics as nm
from benchmarks import c_library, correlation_map, fixed_point, gardner, soft_committee
from benchmarks import soft_committee_forms as forms
from benchmarks import variance_map as variance
from benchmarks.erfcx import erfcx_by, erfcx_in_numbers, polynomial
from benchmarks.harness import Absent
from benchmarks.mpmath_flow import flow_in_mpmath
from benchmarks.rules import even_nodes, gauss_hermite, half

ABOUT = {"rel": 1e-12, "abs": 0}


def test_the_rule_of_a_kernel_gives_what_the_kernel_gives():
    nodes, V = variance.rule(), 3.7
    mean = np.tanh(math.sqrt(V) * nodes.place) ** 2 @ nodes.weight
    assert not nodes.moving
    assert mean == pytest.approx(variance.kernel()(V, 1.0, 0.0), **ABOUT)


def test_a_moving_rule_gives_what_the_kernel_gives():
    nodes, q, kappa = gardner.rule(), np.array([0.02, 0.97]), np.array([2.5, -0.4])
    place, weight = nodes.at(q, kappa)
    t = (kappa[:, None] - np.sqrt(q)[:, None] * place) / np.sqrt(2 * (1 - q))[:, None]
    assert nodes.moving
    assert 2 / math.pi * nodes.total(erfcx(t) ** -2.0, weight) == pytest.approx(
        gardner.kernel()(q, kappa), **ABOUT
    )


@pytest.mark.slow
def test_nested_rules_give_what_the_kernel_gives():
    outer, inner = correlation_map.rules()
    V, c = 1.3, 0.8
    total = 0.0
    for x, w in zip(outer.place, outer.weight, strict=True):
        y, weight = inner.at(*map(np.array, (V, c, x)))
        second = np.tanh(math.sqrt(V) * (c * x + math.sqrt(1 - c**2) * y))
        total += w * math.tanh(math.sqrt(V) * x) * float(weight @ second)
    assert total == pytest.approx(correlation_map.kernel()(V, c), **ABOUT)


@pytest.mark.parametrize("rule", [gauss_hermite(64), gauss_hermite(500), even_nodes(100)])
def test_rules_that_people_write_have_the_moments_of_a_normal(rule):
    for nodes in (rule, half(rule)):
        moments = [nodes.weight @ nodes.place**k for k in (0, 2, 4)]
        assert moments == pytest.approx([1, 1, 3], rel=1e-13, abs=0)


def test_erfcx_in_other_tools():
    x = np.linspace(-5, 26, 1000)
    found = erfcx_by(x, np.exp, lambda y, yes, no: np.where(y < 0, yes, no))
    assert found == pytest.approx(erfcx(x), rel=1e-14, abs=0)
    assert [erfcx_in_numbers(y, polynomial()) for y in x] == pytest.approx(
        erfcx(x), rel=1e-14, abs=0
    )


def test_the_soft_committee_written_out_is_our_kernel():
    units, states = 2, soft_committee.states(2)
    R, Q, T = (np.array(part) for part in (states[0][0], states[1][0], states[2]))
    dR, dQ = soft_committee.kernel("numpy")(R=R, Q=Q, T=T, eta=0.5)
    tool = forms.Tool(math.sqrt, math.asin)
    expected = forms.written_out(tool, R.tolist(), Q.tolist(), T.tolist(), 0.5)
    looped = np.empty((units, units)), np.empty((units, units))
    forms.rate_in_loops(R, Q, T, 0.5, *looped)
    arrays = forms.by_arrays(np, R, Q, T, 0.5)
    assert arrays == pytest.approx([*expected[0], *expected[1]], **ABOUT)
    for ours, written, loops in zip((dR, dQ), expected, looped, strict=True):
        assert ours.ravel() == pytest.approx(written, **ABOUT)
        assert loops.ravel() == pytest.approx(written, **ABOUT)


def test_a_flow_in_mpmath():
    (y,) = flow_in_mpmath(lambda y: [y[1], -y[0]], [1.0, 0.0], [7.5], digits=17)
    with mp.workdps(30):
        assert abs(y[0] - mp.cos(7.5)) < 1e-16
        assert abs(y[1] + mp.sin(7.5)) < 1e-16


def _called(make):
    """The result of a candidate in C, where gcc and the machine have what it needs."""
    try:
        return make()()
    except Absent as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize(
    ("module", "name"), [(variance, "variance_map_hand"), (gardner, "gardner_moving")]
)
def test_hand_written_averages_are_those_of_the_kernel(module, name):
    found, some = _called(lambda: module._c(module.rule(), name)), slice(None, None, 97)
    expected = module.kernel()(*(p[some] for p in module.points()))
    assert found[some] == pytest.approx(expected, **ABOUT)


@pytest.mark.slow
def test_the_hand_written_correlation_map_is_the_kernel():
    found = _called(lambda: correlation_map._c(correlation_map.rules(), "correlation_map_moving"))
    expected = correlation_map.kernel()(*correlation_map.points())
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)  # zero without overlap


@pytest.mark.parametrize("name", ["fixed_point_newton", "fixed_point_picard"])
def test_hand_written_iterations_end_at_fixed_points(name):
    V = _called(lambda: fixed_point._c(name, fixed_point.rule(), 1e-12))
    w, b = fixed_point.points()
    assert fixed_point.update()(V, w, b) == pytest.approx(V, rel=1e-10, abs=0)


@pytest.mark.parametrize("units", [2, 8])
@pytest.mark.parametrize("name", ["soft_committee_states", "soft_committee_lanes"])
def test_hand_written_soft_committees_are_the_kernel(name, units):
    dR, dQ = _called(lambda: soft_committee._c(name, units))
    R, Q, T = soft_committee.states(units)
    expected = soft_committee.kernel("numpy")(R=R[:9], Q=Q[:9], T=T, eta=soft_committee.ETA)
    for found, true in zip((dR, dQ), expected, strict=True):
        assert found[:9] == pytest.approx(true, rel=1e-11, abs=1e-14)


def test_fast_math_of_a_library_leaves_subnormal_numbers_alone():
    try:
        c_library.function("curie_weiss", "curie_weiss_plain", (), ("-ffast-math",))
    except Absent as missing:
        pytest.skip(str(missing))
    assert np.float64(5e-324) * np.float64(1) > 0


def test_gcc_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(c_library.shutil, "which", lambda _: None)
    with pytest.raises(Absent, match="gcc is not installed"):
        c_library.function("variance_map", "variance_map_hand", (), flags=("-DNOT_CACHED",))


def test_solve_finds_what_the_benchmark_judges():
    w, b = 2.0, 0.3
    found = nm.solve(fixed_point.equations(), sigma_w=w, sigma_b=b)["V"]
    with mp.workdps(25):
        assert float(found[..., 0]) == pytest.approx(float(fixed_point.exact(w, b)), **ABOUT)
