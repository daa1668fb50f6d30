"""What a free entropy hands over to numerics, and models derived through the engine."""

import mpmath
import pytest
from sympy import (
    Eq,
    Integer,
    Rational,
    Symbol,
    cosh,
    exp,
    gamma,
    log,
    oo,
    tanh,
)

import derive as dv
from derive import FreeEntropy
from tests.derive.mean_field import (
    LINEARISED,
    J,
    N,
    T,
    beta,
    curie_weiss,
    curie_weiss_in_temperature,
    curie_weiss_pair,
    h,
    m,
    mhat,
    spin_one,
)


def test_equations_of_curie_weiss():
    equations = curie_weiss().equations()
    assert equations.unknowns == (m,)
    assert equations.parameters == (J, beta, h)
    assert equations.update == (tanh(beta * (J * m + h)),)
    assert equations.residuals == (tanh(beta * (J * m + h)) - m,)
    assert equations.potential == LINEARISED
    assert equations.signs == (1,)
    assert equations.bounds == ((-1, 1),)
    names = [name for name, _ in equations.observables]
    assert names == ["free_energy", "energy", "entropy", "magnetisation", "susceptibility"]


def test_bounds_come_from_the_update():
    assert spin_one().equations().bounds == ((-1, 1),)
    assert curie_weiss_pair().equations().bounds[0] == (-1, 1)
    wide = beta * J
    low, high = curie_weiss_pair().equations().bounds[1]
    assert (low, high) == (beta * h - wide, beta * h + wide)
    u = Symbol("u", real=True)
    binary = FreeEntropy(log(1 + exp(u)) - u**2 / (2 * J), u)
    assert binary.equations().bounds == ((0, J),)
    free = FreeEntropy(u * h - u**2 / 2 + log(1 + u**2), u)
    assert free.equations().bounds == ((-oo, oo),)


def test_three_spin_ferromagnet_through_its_pair():
    pair = FreeEntropy(
        beta * J * m**3 + beta * h * m - m * mhat + log(2 * cosh(mhat)),
        (m, mhat),
        (1, -1),
        N,
        beta,
    )
    assert pair.saddle_equations == [
        Eq(m, tanh(mhat)),
        Eq(mhat, 3 * beta * J * m**2 + beta * h),
    ]
    assert pair.energy == -J * m**3 - h * m
    inverse = 1 - 6 * beta * J * m * (1 - m**2)
    difference = pair.susceptibility() - beta * (1 - m**2) / inverse
    assert abs(difference.subs({m: 0.7, beta: 0.9, J: Integer(1)}).evalf()) < 1e-14


def test_interval_spins_have_the_langevin_function():
    i = dv.Index("i", N)
    x = dv.Interval("x", i)
    model = dv.Ensemble(
        trace=x,
        exponent=beta * J / (2 * N) * dv.total(x[i], i) ** 2 + beta * h * dv.total(x[i], i),
    )
    rotors = model.derive().hubbard_stratonovich("m").trace(x).saddle_point(N).state
    (equation,) = rotors.saddle_equations
    for field in (0.3, 1.7):
        point = {m: 0.4, beta: 1, J: 0.5, h: field}
        argument = 0.5 * 0.4 + field
        langevin = 1 / mpmath.tanh(argument) - 1 / argument
        assert equation.rhs.subs(point).evalf() == pytest.approx(float(langevin), rel=1e-13, abs=0)
    assert rotors.critical_point(h=0).value == 3 / J  # 0/0 at m = 0 is taken as a limit


def test_single_site_integral_without_closed_form():
    i = dv.Index("i", N)
    x = dv.Real("x", i, weight=lambda x: exp(-(x**4)))
    model = dv.Ensemble(
        trace=x,
        exponent=beta * J / (2 * N) * dv.total(x[i], i) ** 2 + beta * h * dv.total(x[i], i),
    )
    quartic = model.derive().hubbard_stratonovich("m").trace(x).saddle_point(N).state
    assert quartic.energy == -J * m**2 / 2 - h * m
    assert quartic.parameters == (J, beta, h)
    critical = quartic.critical_point(h=0).value.subs(J, 1).evalf(15)
    mean_square = float(gamma(Rational(3, 4)) / gamma(Rational(1, 4)))  # int x^2 e^{-x^4}
    assert critical == pytest.approx(1 / mean_square, rel=1e-12, abs=0)


def test_temperature_symbol_may_be_T():
    in_temperature = curie_weiss_in_temperature()
    assert in_temperature.critical_point(h=0).value == J
    assert in_temperature.beta_symbol == T
