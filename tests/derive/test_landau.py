"""Landau expansions: coefficients, exponents, amplitudes, multicritical points, finite size."""

import pickle

import mpmath
import pytest
from sympy import (
    Eq,
    Rational,
    Symbol,
    cosh,
    exp,
    gamma,
    lambdify,
    log,
    sqrt,
    symbols,
)

from derive import DeriveError, FreeEntropy
from derive.saddle.series import along_curve
from tests.derive.mean_field import (
    Delta,
    J,
    T,
    beta,
    curie_weiss,
    curie_weiss_in_temperature,
    curie_weiss_pair,
    h,
    m,
    m1,
    m2,
    spin_one,
    two_populations,
)

MEAN_FIELD = {"beta": Rational(1, 2), "gamma": 1, "delta": 3, "alpha": 0}
TRICRITICAL = {"beta": Rational(1, 4), "gamma": 1, "delta": 5, "alpha": Rational(1, 2)}

# Curie-Weiss at J = 1: m ~ sqrt(3)|t|^(1/2), m(T_c) ~ (3 h)^(1/3), and sqrt(N)<m^2> and the
# Binder cumulant of P(m) ~ exp(-N m^4/12)
ORDER_PARAMETER = "1.732050807568877293527446342"
ISOTHERM = "1.442249570307408382321638311"
SECOND_MOMENT = "1.170828656607528920848264786"
BINDER = "0.2705201282578411203877433531"
# m / (sqrt(3) t^(1/2)) at t = 1e-2 and 1e-4 below T_c
POWER_LAW = {
    "1e-2": "0.9959931268828619029941347266",
    "1e-4": "0.9999599993142697145322031155",
}


def every_curie_weiss():
    pair = curie_weiss_pair()
    return {
        "linearised": curie_weiss(),
        "in temperature": curie_weiss_in_temperature(),
        "pair": pair,
        "rate function": pair.eliminate("mhat"),
        "conjugate alone": pair.eliminate("m"),
        "on shell": pair.on_shell("mhat"),
    }


@pytest.mark.parametrize("form", list(every_curie_weiss()))
def test_curie_weiss_in_every_form(form):
    expansion = every_curie_weiss()[form].landau(source="h")
    assert expansion.exponents == MEAN_FIELD
    assert expansion.is_continuous
    amplitudes = {k: v.subs(J, 1) for k, v in expansion.amplitudes.items()}
    assert amplitudes["order_parameter"] == sqrt(3)
    assert amplitudes["susceptibility_disordered"] == 1
    assert amplitudes["susceptibility_ordered"] == Rational(1, 2)
    assert amplitudes["critical_isotherm"] == 3 ** Rational(1, 3)
    assert amplitudes["specific_heat"] == Rational(3, 2)
    scaling = expansion.finite_size_scaling()
    assert scaling["binder"] == 1 - gamma(Rational(1, 4)) * gamma(Rational(5, 4)) / (
        3 * gamma(Rational(3, 4)) ** 2
    )
    assert scaling["exponent"] == Rational(1, 2)


def test_numbers_to_25_digits():
    expansion = curie_weiss().landau(source=h)
    amplitudes, scaling = expansion.amplitudes, expansion.finite_size_scaling()
    with mpmath.workdps(40):
        for value, reference in (
            (amplitudes["order_parameter"], ORDER_PARAMETER),
            (amplitudes["critical_isotherm"].subs(J, 1), ISOTHERM),
            (scaling["second_moment"], SECOND_MOMENT),
            (scaling["binder"], BINDER),
        ):
            assert abs(mpmath.mpf(str(value.evalf(35))) - mpmath.mpf(reference)) < 1e-24


def test_amplitudes_carry_the_coupling():
    amplitudes = curie_weiss().landau(source=h).amplitudes
    assert amplitudes["susceptibility_disordered"] == 1 / J  # 1/(T_c |t|)
    assert amplitudes["susceptibility_ordered"] == 1 / (2 * J)
    assert (amplitudes["critical_isotherm"] ** 3).expand() == 3 / J


@pytest.mark.parametrize("distance", list(POWER_LAW))
def test_order_parameter_amplitude_is_approached(distance):
    amplitude = curie_weiss().landau(source=h).amplitudes["order_parameter"]
    with mpmath.workdps(40):
        t = mpmath.mpf(distance)
        solved = mpmath.findroot(lambda x: x - mpmath.tanh(x / (1 - t)), mpmath.sqrt(3 * t))
        law = mpmath.mpf(str(amplitude.evalf(40))) * mpmath.sqrt(t)
        assert abs(solved / law - mpmath.mpf(POWER_LAW[distance])) < 1e-24


def test_coefficients_are_exact_functions():
    expansion = curie_weiss().landau(order=8, source=h)
    x = Symbol("x")
    series = [beta * J * c for c in (0, 1, 0, 0, 0, 0, 0, 0, 0)]
    expected = [-c for c in along_curve(log(2 * cosh(x)), {x: series}, 8)]
    expected[2] += beta * J / 2
    for found, want in zip(expansion.coefficients, expected, strict=True):
        assert (found - want).expand() == 0
    assert expansion.potential.subs(expansion.coordinate, 0) == -log(2)


def test_spin_one_has_a_line_that_ends_in_a_tricritical_point():
    one = spin_one()
    line = one.landau(source=h)
    assert line.is_continuous is None
    assert "continuous where" in line.transition
    assert line.exponents == MEAN_FIELD
    # continuous for weak crystal field, of first order beyond exp(beta Delta) = 4
    at = dict(line.critical) | {beta: 1}
    leading = line.critical_coefficients[4].subs(at)
    assert leading.subs(Delta, log(2)) > 0
    assert leading.subs(Delta, log(8)) < 0
    assert leading.subs(Delta, log(4)) == 0


def test_tricritical_point():
    at = {"critical": 3, "J": 1, "Delta": 2 * log(2) / 3}
    with pytest.raises(DeriveError, match=r"call landau\(order=6\)"):
        _ = spin_one().landau(order=4, source=h, **at).power
    expansion = spin_one().landau(order=6, source=h, **at)
    assert expansion.power == 6
    assert expansion.critical_coefficients[2] == expansion.critical_coefficients[4] == 0
    assert expansion.critical_coefficients[6] == Rational(9, 40)
    assert expansion.exponents == TRICRITICAL
    scaling = expansion.finite_size_scaling()
    assert scaling["exponent"] == Rational(1, 3)
    assert float(scaling["binder"]) == pytest.approx(1 / 3, rel=1e-14, abs=0)


def solved_spin_one(temperature, field, start):
    """m of spin 1 at the tricritical crystal field, J = 1."""
    weight = 2 * mpmath.exp(-2 * mpmath.log(2) / 3 / temperature)

    def residual(x):
        argument = (x + field) / temperature
        return x - weight * mpmath.sinh(argument) / (1 + weight * mpmath.cosh(argument))

    return mpmath.findroot(residual, start)


def test_tricritical_amplitudes_are_approached():
    at = {"critical": 3, "J": 1, "Delta": 2 * log(2) / 3}
    amplitudes = spin_one().landau(order=6, source=h, **at).amplitudes
    number = {k: mpmath.mpf(str(v.evalf(30))) for k, v in amplitudes.items()}
    with mpmath.workdps(40):
        critical, t = mpmath.mpf(1) / 3, mpmath.mpf("1e-8")
        law = number["order_parameter"] * t ** mpmath.mpf("0.25")
        solved = solved_spin_one(critical * (1 - t), 0, law)
        assert solved / law == pytest.approx(1, abs=1e-3)
        tiny = mpmath.mpf("1e-25")
        chi = solved_spin_one(critical * (1 + t), tiny, 10 * tiny / t) / tiny
        assert chi * t == pytest.approx(number["susceptibility_disordered"], rel=1e-6)
        law = number["critical_isotherm"] * tiny ** mpmath.mpf("0.2")
        assert solved_spin_one(critical, tiny, law) / law == pytest.approx(1, abs=1e-4)


def test_cubic_term_is_called_first_order():
    # Potts with three colours along one of them: m = (1 + 2 s)/3, (1 - s)/3, (1 - s)/3
    s = Symbol("s", real=True)
    up, other = (1 + 2 * s) / 3, (1 - s) / 3
    phi = (
        log(exp(beta * J * up) + 2 * exp(beta * J * other)) - beta * J * (up**2 + 2 * other**2) / 2
    )
    expansion = FreeEntropy(phi, s, beta=beta).landau()
    assert expansion.power == 3
    assert expansion.is_continuous is False
    assert "first order" in expansion.transition
    with pytest.raises(DeriveError, match="no critical exponents"):
        expansion.exponents  # noqa: B018


def test_negative_quartic_term_is_called_first_order():
    expansion = FreeEntropy(m**4 - m**6 + (beta - 1) * m**2, m, beta=beta).landau(order=6)
    assert expansion.is_continuous is False
    assert "< 0" in expansion.transition


def test_reduction_of_two_populations():
    coupling, other, cross = Rational(1), Rational(1, 2), Rational(7, 10)
    two = two_populations(coupling, other, cross)
    critical = min(two.critical_point(h=0).values, key=float)
    expansion = two.landau(source=h, critical=critical)
    assert expansion.exponents == MEAN_FIELD
    assert expansion.coordinate == m1
    # against the solution itself, just below the transition and at it
    amplitudes = {k: mpmath.mpf(str(v.evalf(30))) for k, v in expansion.amplitudes.items()}
    update = lambdify((m1, m2, beta, h), [e.rhs for e in two.saddle_equations], "mpmath")
    with mpmath.workdps(40):
        b_c, t = mpmath.mpf(str(critical.evalf(40))), mpmath.mpf("1e-8")

        def magnetisation(b, field, scale):
            def residual(x, y):
                u, v = update(x, y, b, field)
                return x - u, y - v

            x, y = mpmath.findroot(residual, (scale, scale * mpmath.mpf("0.7")))
            return (x + y) / 2

        law = amplitudes["order_parameter"] * mpmath.sqrt(t)
        assert magnetisation(b_c / (1 - t), 0, law) / law == pytest.approx(1, abs=1e-6)
        tiny = mpmath.mpf("1e-24")
        law = amplitudes["critical_isotherm"] * mpmath.cbrt(tiny)
        assert magnetisation(b_c, tiny, law) / law == pytest.approx(1, abs=1e-6)
        chi = magnetisation(b_c / (1 + t), tiny, tiny / t) / tiny
        assert chi * t == pytest.approx(amplitudes["susceptibility_disordered"], rel=1e-6)


def test_symmetric_populations_reduce_to_one_model():
    J0, J1 = symbols("J0 J1", positive=True)
    two = two_populations(J0, J0, J1)
    with pytest.raises(DeriveError, match="choose one with critical="):
        two.landau(source=h)
    expansion = two.landau(source=h, critical=1 / (J0 + J1))
    assert expansion.critical_coefficients[4] == Rational(1, 12)
    assert expansion.amplitudes["order_parameter"] == sqrt(3)
    assert expansion.amplitudes["susceptibility_disordered"] == 1 / (J0 + J1)


def test_finite_size_scaling_is_approached_by_the_exact_sum():
    scaling = curie_weiss().landau(source=h).finite_size_scaling()

    def moment(size, power):
        weights = [
            mpmath.binomial(size, k) * mpmath.exp(mpmath.mpf(2 * k - size) ** 2 / (2 * size))
            for k in range(size + 1)
        ]
        values = [mpmath.mpf(2 * k - size) / size for k in range(size + 1)]
        norm = mpmath.fsum(weights)
        return mpmath.fsum(w * v**power for w, v in zip(weights, values, strict=True)) / norm

    errors = []
    for size in (100, 400, 1600):
        scaled = moment(size, 2) * mpmath.sqrt(size)
        errors.append(abs(scaled - mpmath.mpf(str(scaling["second_moment"].evalf(20)))))
    # corrections fall as N**(-1/2)
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_another_parameter_may_drive_the_transition():
    by_coupling = curie_weiss().landau(source=h, parameter="J")
    assert by_coupling.exponents == MEAN_FIELD
    assert dict(by_coupling.critical) == {J: 1 / beta}
    assert "specific_heat" not in by_coupling.amplitudes
    # m ~ sqrt(3 (J - J_c)/J_c)
    assert by_coupling.amplitudes["order_parameter"] == sqrt(3)


def test_path_that_is_tangent_to_the_critical_line():
    # a_2 ~ t**2 and a_4 ~ t, a_6 = 1: the quartic term cannot be left out
    path = FreeEntropy(-((beta - 1) ** 2) * m**2 - (beta - 1) * m**4 - m**6, m, beta=beta)
    with pytest.raises(DeriveError, match="too slowly"):
        path.landau(order=6, critical=1).exponents  # noqa: B018


def test_higher_contact_changes_the_exponents():
    contact = FreeEntropy(-((beta - 1) ** 3) * m**2 - m**4, m, beta=beta)
    exponents = contact.landau(critical=1).exponents
    assert exponents == {"alpha": -4, "beta": Rational(3, 2), "gamma": 3, "delta": 3}


def test_symmetric_point_elsewhere():
    density = curie_weiss().density.subs(m, m - Rational(1, 3))
    expansion = FreeEntropy(density, m, beta=beta).landau(at={"m": Rational(1, 3)}, source=h)
    assert expansion.exponents == MEAN_FIELD
    assert expansion.amplitudes["order_parameter"] == sqrt(3)


def test_refusals():
    with pytest.raises(DeriveError, match="no saddle point"):
        curie_weiss().landau()  # the field does not vanish
    with pytest.raises(DeriveError, match="exact critical value"):
        curie_weiss().landau(source=h, critical=2 / J)
    with pytest.raises(DeriveError, match="no critical beta"):
        FreeEntropy(-(m**2) * beta - m**4, m, beta=beta).landau()
    mixed = FreeEntropy(-(m1**2 + m2**2) * (beta - 1) - m1**4 - m2**4, (m1, m2), beta=beta)
    with pytest.raises(DeriveError, match="besides m1"):
        mixed.landau(critical=1)


def test_results_survive_pickle():
    expansion = curie_weiss_pair().landau(source=h)
    assert expansion.amplitudes["order_parameter"] == sqrt(3)
    copy = pickle.loads(pickle.dumps(expansion))
    assert copy.coefficients == expansion.coefficients
    assert copy.amplitudes == expansion.amplitudes
    critical = curie_weiss().critical_point(h=0)
    assert pickle.loads(pickle.dumps(critical)) == critical


def test_parameters_may_be_given_as_numbers():
    expansion = curie_weiss_in_temperature().landau(source=h, J=2)
    assert dict(expansion.critical) == {T: 2}
    assert expansion.amplitudes["susceptibility_disordered"] == Rational(1, 2)
    (equation,) = curie_weiss_in_temperature().saddle_equations
    assert isinstance(equation, Eq)
