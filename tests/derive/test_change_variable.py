"""Affine changes of a traced variable: values, densities, Jacobians, and what is refused."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from sympy import I, Rational, Symbol, cosh, exp, log, nsimplify, symbols

import derive as dv
from derive import DeclarationError, Derivation, MoveError, ParameterError, total
from derive.measures import Continuous, Finite
from derive.models import two_layer_network

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
x = Symbol("x")


def ensemble(variable, exponent=None, **options):
    if exponent is None:
        exponent = beta * total(variable[i], i) + h * total(variable[i], i) ** 2 / N
    return dv.Ensemble(trace=variable, exponent=exponent, **options).derive()


# -- {0, 1} units as spins ----


def test_couplings_shrink_by_four_and_fields_appear():
    d = two_layer_network.spin_form()
    s, t = (dv.Ising(name, index) for name, index in (("s", i), ("t", j)))
    w = dv.Given("w", i, j)
    rows, columns = total(w[i, j] * s[i], i, j), total(w[i, j] * t[j], i, j)
    coupled, everything = total(w[i, j] * s[i] * t[j], i, j), total(w[i, j], i, j)
    hamiltonian = -(coupled + rows + columns + everything) / (8 * N)
    hamiltonian -= h * total(t[j], j) / 2 + N * h / 2
    assert d.exponent == (-beta * hamiltonian).expand()
    assert d.log_prefactor == 0
    assert (d["s"], d["t"]) == (s, t)


def test_both_forms_have_one_energy_in_all_states():
    n, bias = 3, Fraction(3, 10)
    weights = [[Fraction(p, 7) for p in row] for row in ((3, -5, 2), (1, 4, -6), (-2, 8, 5))]
    energies = two_layer_network.spin_form().state.expand(N=n)
    elements = {
        Rational(0) + e: nsimplify(weights[e.slots[0] - 1][e.slots[1] - 1])
        for e in energies.atoms(dv.Element)
        if e.name == "w"
    }
    energies = (-energies / beta).subs({h: Rational(3, 10)}).xreplace(elements).expand()
    for state in product((0, 1), repeat=2 * n):
        a, b = state[:n], state[n:]
        direct = -sum(weights[k][m] * a[k] * b[m] for k in range(n) for m in range(n)) / (2 * n)
        direct -= bias * sum(b)
        spins = {
            e: 2 * {"s": a, "t": b}[e.name][e.slots[0] - 1] - 1 for e in energies.atoms(dv.Element)
        }
        value = energies.xreplace(spins)
        assert Fraction(int(value.p), int(value.q)) == direct


def test_partition_function_and_check():
    d = two_layer_network.spin_form()
    at = {"N": 2, "beta": "0.7", "h": "-0.3", "w": [["1.1", "-0.4"], ["0.3", "0.9"]]}
    assert abs(d.start.log_partition(**at) - d.state.log_partition(**at)) < 1e-24
    report = d.check()
    assert report.holds
    assert report.worst_digits > 25


def test_the_image_of_zero_and_one_is_the_ising_measure():
    d = ensemble(dv.Binary("a", i)).change_variable("a", "s", lambda s: (1 - s) / 2)
    assert d["s"] == dv.Ising("s", i)
    square = ensemble(dv.Binary("a", i), J * total(dv.Binary("a", i)[i], i))
    assert square.change_variable("a", "s", lambda s: (1 + s) / 2).trace("s").exponent == (
        N * J / 2 + N * log(2 * cosh(J / 2))
    )


# -- other measures ----


def test_values_keep_their_weights():
    S = dv.Discrete("S", i, values=(0, 1, 3), weights=(1, 2, 5))
    d = ensemble(S).change_variable("S", "u", lambda u: 3 - 2 * u)
    expected = Finite((0, 1, Rational(3, 2)), (log(5), log(2), 0))
    assert d["u"].measure == expected
    assert d.check(N=2).holds


def test_half_integer_spins_are_ising_spins():
    d = ensemble(dv.Spin("S", i, spin=Rational(1, 2))).change_variable("S", "s", lambda s: s / 2)
    assert d["s"] == dv.Ising("s", i)


def test_lebesgue_measure_gives_its_jacobian_to_the_prefactor():
    y = dv.Interval("y", i, lower=-1, upper=3)
    d = ensemble(y, beta * total(y[i] ** 2, i)).change_variable("y", "z", lambda z: 1 - 2 * z)
    assert d["z"].measure == Continuous(-1, 1)
    assert d.log_prefactor == N * log(2)
    assert d.check(N=3).holds
    z = (d.start.log_partition(N=3, beta="0.3"), d.state.log_partition(N=3, beta="0.3"))
    assert abs(z[0] - z[1]) < 1e-24


def test_a_normal_variable_becomes_standard():
    mean, sigma = Symbol("mu", real=True), Symbol("sigma", positive=True)
    g = dv.Gaussian("g", i, mean=mean, variance=sigma**2)
    d = ensemble(g).change_variable("g", "z", lambda z: mean + sigma * z)
    assert d["z"] == dv.Gaussian("z", i)
    assert d.log_prefactor == 0
    assert d.check().holds


def test_a_density_is_carried_along():
    y = dv.Real("y", i, weight=exp(-(Symbol("y") ** 4)))
    d = ensemble(y, beta * total(y[i], i)).change_variable("y", "z", lambda z: 1 + z / 2)
    assert (d["z"].measure.log_weight(x) + (1 + x / 2) ** 4 + log(2)).expand() == 0
    assert d.check(N=2).holds
    z = (d.start.log_partition(N=1, beta="0.6"), d.state.log_partition(N=1, beta="0.6"))
    assert abs(z[0] - z[1]) < 1e-24


def test_components_coupled_by_an_array_are_changed_too():
    y, A = dv.Gaussian("y", i), dv.Given("A", i, j, symmetric=True)
    d = ensemble(y, -(total(A[i, j] * y[i] * y[j], i, j) ** 2))
    assert d.change_variable("y", "z", lambda z: 2 - z).check(N=4).holds


def test_a_field_on_the_imaginary_axis_stays_on_it():
    s = dv.Ising("s", i)
    d = ensemble(s, -J * total(s[i], i) ** 2 / (2 * N)).hubbard_stratonovich("m")
    after = d.change_variable("m", "k", lambda k: -2 * k)
    assert after["k"].measure.direction == I
    assert after.check(N=3).holds
    assert after.change_variable("k", "q", lambda q: q / 2).log_prefactor == d.log_prefactor


def test_the_step_shows_the_substitution():
    d = ensemble(dv.Binary("a", i)).change_variable("a", "s", lambda s: (1 + s) / 2)
    assert str(d.steps[0]) == "change_variable(a[i] = s[i]/2 + 1/2): exact"
    assert d.steps[0].kind == dv.Kind.EXACT


# -- the check can fail ----

SLIPS = {
    "the exponent": lambda e: e.replaced(exponent=e.exponent + Rational(1, 10**12) * e.exponent),
    "the prefactor": lambda e: e.replaced(log_prefactor=e.log_prefactor + Rational(1, 10**12)),
    "the measure": lambda e: e.replaced(
        variables=[dv.Interval(e.variables[0].name, i, lower=-1, upper=Rational(5, 4))]
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found(slip):
    y = dv.Interval("y", i, lower=-1, upper=3)
    d = ensemble(y).change_variable("y", "z", lambda z: 1 - 2 * z)
    (step,) = d.steps
    wrong = Derivation(d.start, (replace(step, after=SLIPS[slip](step.after)),))
    assert not wrong.check(N=2).holds


@pytest.mark.parametrize("values", [(-1, 2), (-1, 0, 1)])
def test_other_values_are_found(values):
    d = ensemble(dv.Binary("a", i)).change_variable("a", "s", lambda s: (1 + s) / 2)
    (step,) = d.steps
    after = step.after.replaced(variables=[dv.Discrete("s", i, values=values)])
    assert Derivation(d.start, (replace(step, after=after),)).check(N=2).rows[0].verdict == "FAILS"


# -- what is refused ----

a, sphere, colours = dv.Binary("a", i), dv.Sphere("w", i), dv.Potts("c", i, q=3)
quenched = dv.Gaussian("g", i)
BAD = {
    "square": (lambda: ensemble(a).change_variable("a", "s", lambda s: s**2), MoveError, "affine"),
    "root": (lambda: ensemble(a).change_variable("a", "s", lambda s: s**0.5), MoveError, "affine"),
    "site by site": (
        lambda: ensemble(a).change_variable("a", "s", lambda s: s + dv.Given("g", i)[i]),
        MoveError,
        "the same at every site",
    ),
    "slope zero": (
        lambda: ensemble(a).change_variable("a", "s", lambda s: h),
        MoveError,
        "slope zero",
    ),
    "slope of unknown sign": (
        lambda: ensemble(a).change_variable("a", "s", lambda s: h * s),
        ParameterError,
        "positive=True or negative=True",
    ),
    "slope that is not real": (
        lambda: ensemble(a).change_variable("a", "s", lambda s: I * s),
        ParameterError,
        "not known to be a positive or a negative number",
    ),
    "origin that is not real": (
        lambda: ensemble(a).change_variable("a", "s", lambda s: s + I),
        ParameterError,
        "leaves the real numbers",
    ),
    "rule of nothing": (
        lambda: ensemble(a).change_variable("a", "s", lambda: 1),
        MoveError,
        "no function of one variable",
    ),
    "no rule": (lambda: ensemble(a).change_variable("a", "s", 2), MoveError, "is no rule"),
    "name taken": (
        lambda: ensemble(a).change_variable("a", "beta", lambda s: 1 - s),
        DeclarationError,
        "the name beta is used twice",
    ),
    "its own name": (
        lambda: ensemble(a).change_variable("a", "a", lambda s: 1 - s),
        DeclarationError,
        "the name a is used twice",
    ),
    "no such variable": (
        lambda: ensemble(a).change_variable("b", "s", lambda s: 1 - s),
        DeclarationError,
        "no variable b",
    ),
    "sphere": (
        lambda: ensemble(sphere).change_variable("w", "v", lambda v: 2 * v),
        MoveError,
        "constrain",
    ),
    "colours": (
        lambda: ensemble(colours, total(colours[i, 1], i)).change_variable(
            "c", "d", lambda d: 1 - d
        ),
        MoveError,
        "joint measure",
    ),
    "quenched": (
        lambda: ensemble(a, total(a[i] * quenched[i], i), disorder=quenched).change_variable(
            "g", "f", lambda f: 2 * f
        ),
        MoveError,
        "quenched",
    ),
    "after the saddle point": (
        lambda: (
            ensemble(dv.Ising("s", i))
            .constrain("m", total(dv.Ising("s", i)[i], i) / N)
            .trace("s")
            .saddle_point(N)
            .change_variable("m", "k", lambda k: 2 * k)
        ),
        MoveError,
        "before saddle_point",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, error, words = BAD[case]
    with pytest.raises(error, match=words.replace("(", r"\(")):
        call()
