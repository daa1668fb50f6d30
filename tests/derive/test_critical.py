"""Critical points and spinodals from the inverse response."""

import mpmath
import pytest
from sympy import Matrix, Rational, Symbol, atanh, cosh, exp, log, nsolve, sqrt, symbols

from derive import DeriveError, FreeEntropy, ParameterError
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
    mhat,
    spin_one,
    two_populations,
)

# m_s from 1 = (J/T)(1 - m_s^2), |h_s| = J m_s - T artanh m_s, at J = 1
SPINODAL = {
    "0.5": ("0.7071067811865475244008443621", "0.2664199876767760117845396996"),
    "0.8": ("0.4472135954999579392818347337", "0.06224413545227518128362760301"),
}
# T_c = lambda_max/2 of the couplings [[1, 0.7], [0.7, 0.5]]
COUPLINGS = (1, Rational(1, 2), Rational(7, 10))


def test_curie_weiss():
    for make in (curie_weiss, curie_weiss_pair):
        critical = make().critical_point(h=0)
        assert critical.value == 1 / J
        assert critical.parameter == beta
    assert curie_weiss().critical_point(h=0).mode == Matrix([1])
    assert curie_weiss_pair().critical_point(h=0).mode == Matrix([1, 1])
    assert curie_weiss_in_temperature().critical_point(h=0).value == J
    assert curie_weiss().critical_point(h=0, solve_for="J").value == 1 / beta
    assert str(curie_weiss().critical_point(h=0)) == "beta = 1/J"


def test_the_response_diverges_there():
    cw = curie_weiss()
    critical = cw.critical_point(h=0)
    inverse = (1 / cw.susceptibility("h")).subs({m: 0, beta: critical.value})
    assert inverse == 0
    assert critical.condition.subs(beta, critical.value) == 0


def test_two_populations_become_critical_at_the_eigenvalues():
    J1, J2, J12 = COUPLINGS
    critical = two_populations(J1, J2, J12).critical_point(h=0)
    eigenvalues = Matrix([[J1, J12], [J12, J2]]).eigenvals()
    found = sorted(float(1 / value) for value in critical.values)
    assert found == pytest.approx(sorted(float(e) for e in eigenvalues), rel=1e-14, abs=0)
    for value, (mode,) in zip(critical.values, critical.modes, strict=True):
        residual = (Matrix([[J1, J12], [J12, J2]]) * mode - mode / value).evalf(30)
        assert max(abs(r) for r in residual) < 1e-25


def test_symmetric_populations_have_a_uniform_and_a_staggered_mode():
    J0, J1 = symbols("J0 J1", positive=True)
    critical = two_populations(J0, J0, J1).critical_point(h=0)
    modes = {value: modes[0] for value, modes in zip(critical.values, critical.modes, strict=True)}
    assert modes == {1 / (J0 + J1): Matrix([1, 1]), 1 / (J0 - J1): Matrix([1, -1])}
    with pytest.raises(DeriveError, match=r"choose from \.values"):
        critical.value  # noqa: B018


def test_transcendental_condition_is_handed_over():
    one = spin_one()
    implicit = one.critical_point(h=0)
    assert implicit.values == ()
    assert implicit.condition.subs(beta, 3 / J).subs(Delta, 2 * J * log(2) / 3) == 0
    with pytest.raises(DeriveError, match="numerically"):
        implicit.value  # noqa: B018
    explicit = one.critical_point(h=0, solve_for=Delta).value
    assert explicit == log(2 * beta * J - 2) / beta


def test_symmetric_point_is_verified():
    with pytest.raises(DeriveError, match=r"no saddle point.*h"):
        curie_weiss().critical_point()
    with pytest.raises(DeriveError, match="no saddle point"):
        curie_weiss().critical_point(at={"m": Rational(1, 2)}, h=0)
    shifted = FreeEntropy(curie_weiss().density.subs(m, m - 1), m, beta=beta)
    assert shifted.critical_point(at={"m": 1}, h=0).value == 1 / J


def test_refusals_name_the_symbol():
    with pytest.raises(ParameterError, match="no parameter b"):
        curie_weiss().critical_point(b=0)
    with pytest.raises(ParameterError, match="no unknown q"):
        curie_weiss().critical_point(at={"q": 0}, h=0)
    with pytest.raises(ParameterError, match="solve_for="):
        FreeEntropy(curie_weiss().density, m).critical_point(h=0)
    with pytest.raises(ParameterError, match="is given as 2"):
        curie_weiss().critical_point(h=0, beta=2)
    with pytest.raises(DeriveError, match="whatever J"):
        FreeEntropy(-(m**2) + J * beta, m, beta=beta).critical_point(solve_for=J)
    frustrated = FreeEntropy(
        log(2 * cosh(beta * (h - J * m))) + beta * J * m**2 / 2, m, -1, beta=beta
    )
    with pytest.raises(DeriveError, match="no critical beta"):
        frustrated.critical_point(h=0)


@pytest.mark.parametrize("temperature", list(SPINODAL))
def test_spinodal_values(temperature):
    magnetisation, strength = SPINODAL[temperature]
    spinodal = curie_weiss_in_temperature().spinodal("h")
    assert len(spinodal.solutions) == 2
    with mpmath.workdps(40):
        for solution in spinodal.solutions:
            at = {J: 1, T: Rational(temperature)}
            end, field = (solution[x].subs(at).evalf(30) for x in (m, h))
            assert abs(abs(end) - mpmath.mpf(magnetisation)) < 1e-24
            assert abs(abs(field) - mpmath.mpf(strength)) < 1e-25
            assert end * field < 0  # the branch m > 0 ends at a negative field


def test_spinodal_of_the_conjugate_pair():
    (alone, *_), (paired, *_) = (
        curie_weiss().spinodal().solutions,
        curie_weiss_pair().spinodal().solutions,
    )
    assert paired[m] == alone[m]
    at = {beta: 2, J: 1}
    assert (paired[h] - alone[h]).subs(at).equals(0)
    assert (paired[mhat] - beta * (J * paired[m] + paired[h])).subs(at).equals(0)
    assert curie_weiss_pair().spinodal().unknowns == (m, mhat, h)


def test_spinodal_in_closed_form():
    (lower, upper) = curie_weiss_in_temperature().spinodal().solutions
    assert upper[m] == sqrt(J - T) / sqrt(J)
    assert lower[m] == -upper[m]
    assert (upper[h] - (T * atanh(upper[m]) - J * upper[m])).expand() == 0


def test_spinodal_system_can_be_solved_numerically():
    one = spin_one()
    spinodal = one.spinodal("h")
    assert spinodal.solutions == ()
    equations = spinodal.equations()
    assert equations.unknowns == (m, h)
    assert len(equations.residuals) == 2
    at = {J: 1, beta: 2, Delta: Rational(1, 5)}
    system = [r.subs(at) for r in equations.residuals]
    root = nsolve(system, (m, h), (0.6, -0.1), prec=30)
    # there the susceptibility diverges and the state stops being a maximum
    hessian = one.hessian[0, 0].subs(at).subs({m: root[0], h: root[1]})
    assert abs(hessian.evalf(30)) < 1e-25
    assert 0 < root[0] < 1
    assert root[1] < 0


def test_critical_line_of_a_dilute_lattice_gas():
    rho = Symbol("rho", real=True)
    mu = Symbol("mu", real=True)
    phi = log(1 + exp(beta * (J * rho + mu))) - beta * J * rho**2 / 2
    gas = FreeEntropy(phi, rho, beta=beta)
    critical = gas.critical_point(at={rho: Rational(1, 2)}, mu=-J / 2)
    assert critical.value == 4 / J


def test_two_unknowns_on_a_line_of_saddles():
    flat = FreeEntropy(-((m1 - m2) ** 2) * beta, (m1, m2), beta=beta)
    with pytest.raises(DeriveError, match="whatever beta"):
        flat.critical_point()
