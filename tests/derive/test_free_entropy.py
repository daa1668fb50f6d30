"""FreeEntropy: saddle equations, thermodynamics, response, what it is made of."""

import pickle

import mpmath
import pytest
from sympy import (
    Eq,
    Matrix,
    Rational,
    Symbol,
    cosh,
    exp,
    log,
    nan,
    sinh,
    symbols,
    tanh,
)

from derive import DeclarationError, DeriveError, FreeEntropy, ParameterError
from tests.derive.mean_field import (
    LINEARISED,
    Delta,
    J,
    agree,
    at_root,
    beta,
    curie_weiss,
    curie_weiss_in_temperature,
    curie_weiss_pair,
    h,
    m,
    m1,
    m2,
    mhat,
    spin_one,
    two_populations,
)

# m = tanh((J m + h)/T), F = J m^2/2 - T log 2cosh((J m + h)/T), chi = dm/dh, u = -J m^2/2 - h m,
# s = (u - F)/T, C = du/dT; each root and derivative computed at 40 digits, J = 1
REFERENCE = {
    ("0.99", "0"): {
        "m": "0.1725110699750512227943607708",
        "F": "-0.6862905580867436783927423678",
        "chi": "49.10103895773244029185125036",
        "u": "-0.01488003463196850974937478728",
        "s": "0.6781924479341163319629975560",
        "C": "1.476010424558977154969457504",
    },
    ("0.8", "0.1"): {
        "m": "0.8161560324809378965130163164",
        "F": "-0.6602406842851525343662660940",
        "chi": "0.7163305897009159363411500821",
        "u": "-0.4146709379256066670234422949",
        "s": "0.3069621829494323341785297488",
        "C": "0.7515578261114657759563114157",
    },
    ("1", "1e-6"): {
        "m": "0.01442189571377182259672527433",
        "F": "-0.6931471913765170907344346671",
        "chi": "4806.898585521035779751671960",
        "u": "-0.0001040099598851688060063033420",
        "s": "0.6930431814166319219284283637",
        "C": "0.9999306629111337987781319508",
    },
    ("1.5", "0.3"): {
        "m": "0.4752547028115811524312618269",
        "F": "-1.118795975244354153534162317",
        "chi": "1.066494182469970141936272831",
        "u": "-0.2555099271157365068062464466",
        "s": "0.5755240320857450978186105801",
        "C": "0.4273227853912102910049425682",
    },
    ("2", "0.5"): {
        "m": "0.4369774072580215149351651808",
        "F": "-1.502713371521651673195118388",
        "chi": "0.6793326772911174199759149249",
        "u": "-0.3139633308559821545474503953",
        "s": "0.5943750203328347593238339962",
        "C": "0.2982021347830209308557746521",
    },
}


def test_saddle_equation():
    assert curie_weiss().saddle_equations == [Eq(m, tanh(beta * (J * m + h)))]


@pytest.mark.parametrize("point", list(REFERENCE))
def test_thermodynamics_to_25_digits(point):
    temperature, field = point
    expected = REFERENCE[point]
    with mpmath.workdps(40):
        values = {"J": 1, "h": field, "beta": 1 / mpmath.mpf(temperature), "T": temperature}
        for free_entropy in (curie_weiss(), curie_weiss_in_temperature()):
            value = at_root(free_entropy, values, [expected["m"]])
            assert agree(value(free_entropy.magnetisation("h")), expected["m"])
            assert agree(value(free_entropy.free_energy), expected["F"])
            assert agree(value(free_entropy.susceptibility("h")), expected["chi"])
            assert agree(value(free_entropy.energy), expected["u"])
            assert agree(value(free_entropy.entropy), expected["s"])
            assert agree(value(free_entropy.specific_heat), expected["C"])


def test_thermodynamics_of_the_conjugate_pair():
    pair = curie_weiss_pair()
    assert pair.saddle_equations == [Eq(m, tanh(mhat)), Eq(mhat, beta * J * m + beta * h)]
    expected = REFERENCE["0.8", "0.1"]
    with mpmath.workdps(40):
        values = {"J": 1, "h": "0.1", "beta": 1 / mpmath.mpf("0.8")}
        guess = mpmath.mpf(expected["m"])
        value = at_root(pair, values, [guess, mpmath.atanh(guess)])
        for expr, key in (
            (pair.magnetisation(h), "m"),
            (pair.free_energy, "F"),
            (pair.susceptibility(h), "chi"),
            (pair.energy, "u"),
            (pair.entropy, "s"),
            (pair.specific_heat, "C"),
        ):
            assert agree(value(expr), expected[key]), key


def test_what_is_shown_is_what_is_written_on_paper():
    cw = curie_weiss()
    assert cw.energy == -J * m**2 / 2 - h * m
    assert cw.magnetisation() == m
    assert cw.susceptibility() == beta * (1 - m**2) / (1 - beta * J * (1 - m**2))
    assert cw.on_shell_hessian == Matrix([[beta * J * (beta * J * (1 - m**2) - 1)]])
    assert cw.fluctuation == -log(1 - beta * J * (1 - m**2)) / 2


def test_responses_are_derivatives_along_the_saddle():
    cw = curie_weiss()
    step = mpmath.mpf(10) ** -12
    with mpmath.workdps(50):

        def solved(expr, **changes):
            values = {"J": 1, "h": mpmath.mpf("0.1"), "beta": mpmath.mpf("1.25")} | changes
            return at_root(cw, values, ["0.8"])(expr)

        for parameter, centre in (("h", "0.1"), ("beta", "1.25"), ("J", "1")):
            centre = mpmath.mpf(centre)
            for expr in (m, cw.energy, cw.response("m", "h")):
                up = solved(expr, **{parameter: centre + step})
                down = solved(expr, **{parameter: centre - step})
                difference = (up - down) / (2 * step)
                assert agree(solved(cw.derivative(expr, parameter)), difference, 20)
        assert solved(cw.response("m", "h", "h")) == solved(cw.derivative(cw.response(m, h), h))


def test_coupled_unknowns_are_solved_together():
    J1, J2, J12 = symbols("J1 J2 J12", positive=True)
    two = two_populations(J1, J2, J12)
    assert two.saddle_equations == [
        Eq(m1, tanh(beta * (J1 * m1 + J12 * m2 + h))),
        Eq(m2, tanh(beta * (J12 * m1 + J2 * m2 + h))),
    ]
    assert two.magnetisation(h) == m1 / 2 + m2 / 2
    with mpmath.workdps(40):
        values = {"J1": 1, "J2": "0.5", "J12": "0.7", "h": "0.1", "beta": "1.1"}
        step = mpmath.mpf(10) ** -15

        def magnetisation(field):
            return at_root(two, values | {"h": field}, ["0.8", "0.7"])(two.magnetisation())

        slope = (magnetisation("0.1") - magnetisation(mpmath.mpf("0.1") - step)) / step
        chi = at_root(two, values, ["0.8", "0.7"])(two.susceptibility("h"))
        assert abs(chi - slope) < 1e-13


def test_spin_one_saddle_equation_and_identity_of_fluctuation_and_response():
    one = spin_one()
    weight, x = 2 * exp(-beta * Delta), beta * (J * m + h)
    assert one.saddle_equations == [Eq(m, weight * sinh(x) / (1 + weight * cosh(x)))]
    with mpmath.workdps(30):
        value = at_root(one, {"J": 1, "Delta": "0.3", "h": "0.2", "beta": "1.4"}, ["0.7"])
        mean_square = value(weight * cosh(x) / (1 + weight * cosh(x)))
        variance = mean_square - value(m) ** 2
        chi = value(beta) * variance / (1 - value(beta * J) * variance)
        assert agree(value(one.susceptibility()), chi)
        energy = value(Delta) * mean_square - value(J * m**2 / 2 + h * m)
        assert agree(value(one.energy), energy)


def test_inverse_functions_are_inverted():
    entropic = log(2) - ((1 + m) * log(1 + m) + (1 - m) * log(1 - m)) / 2
    rate = FreeEntropy(entropic + beta * J * m**2 / 2 + beta * h * m, m, beta=beta)
    assert rate.saddle_equations == [Eq(m, tanh(beta * J * m + beta * h))]
    occupation = Symbol("n", positive=True)
    mixing = -occupation * log(occupation) - (1 - occupation) * log(1 - occupation)
    gas = FreeEntropy(mixing - beta * h * occupation, occupation, beta=beta)
    assert gas.saddle_equations == [Eq(occupation, Rational(1, 2) - tanh(beta * h / 2) / 2)]


def test_no_natural_form_leaves_the_gradient():
    quartic = FreeEntropy(-(m**4) + J * m**2, m)
    assert quartic.saddle_equations == [Eq(-4 * m**3 + 2 * J * m, 0, evaluate=False)]
    assert quartic.equations().update == ()
    assert quartic.equations().residuals == (-4 * m**3 + 2 * J * m,)


def test_stationarity_of_every_form_is_the_gradient():
    for free_entropy in (curie_weiss(), curie_weiss_pair(), spin_one()):
        for unknown, row in zip(free_entropy.unknowns, free_entropy.gradient, strict=True):
            difference = row - free_entropy.density.diff(unknown)
            point = {m: 0.31, mhat: 0.2, beta: 0.7, J: 1.3, h: 0.15, Delta: 0.4}
            assert abs(difference.subs(point).evalf()) < 1e-14


@pytest.mark.parametrize(
    "make",
    [curie_weiss, curie_weiss_in_temperature, curie_weiss_pair, spin_one],
)
def test_everything_is_in_args(make):
    free_entropy = make()
    assert free_entropy.func(*free_entropy.args) == free_entropy
    copy = pickle.loads(pickle.dumps(free_entropy))
    assert copy == free_entropy
    assert copy.saddle_equations == free_entropy.saddle_equations
    assert copy.beta == free_entropy.beta
    assert copy.kind == free_entropy.kind


def test_unknown_names():
    cw = curie_weiss()
    assert cw.unknown("m") == cw.unknown(m) == m
    with pytest.raises(ParameterError, match="no unknown q: there are m"):
        cw.response("q", "h")
    with pytest.raises(ParameterError, match="no parameter g: there are J, beta, h"):
        cw.susceptibility("g")


def test_temperature_must_be_known():
    bare = FreeEntropy(LINEARISED, m)
    for use in (lambda: bare.free_energy, lambda: bare.energy, lambda: bare.specific_heat):
        with pytest.raises(ParameterError, match="beta="):
            use()
    fixed = FreeEntropy(LINEARISED.subs(beta, 2), m, beta=2)
    assert fixed.free_energy == -fixed.density / 2
    with pytest.raises(ParameterError, match="keep the temperature as a symbol"):
        fixed.energy  # noqa: B018


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: FreeEntropy(m**2, (m, m)), "named twice"),
        (lambda: FreeEntropy(m**2, (m,), (1, 1)), "one of"),
        (lambda: FreeEntropy(m**2, (m,), (2,)), "one of"),
        (lambda: FreeEntropy(m**2, (m**2,)), "neither a symbol"),
        (lambda: FreeEntropy(nan, m), "no finite expression"),
        (lambda: FreeEntropy(m**2, m, kind="guess"), "choose one of"),
    ],
)
def test_malformed_declarations(declare, message):
    with pytest.raises(DeclarationError, match=message):
        declare()


def test_flat_direction_is_named():
    flat = FreeEntropy(-((m1 + m2) ** 2), (m1, m2))
    with pytest.raises(DeriveError, match="flat"):
        flat.fluctuation  # noqa: B018
