"""Zero entropy: one more equation, one more unknown."""

import mpmath
import pytest
from sympy import Float, cosh, log, oo, symbols

import derive as dv
from tests.derive import limit_models as models
from tests.derive.limit_models import alpha, beta, kappa, q, qhat
from tests.replica.table import value


@pytest.mark.slow
def test_the_ising_perceptron_at_its_known_capacity():
    """At the reference load phi vanishes where it is stationary (Krauth, Mezard 1989)."""
    load = float(value("ising_perceptron_zero_entropy_k0")["alpha"])
    equations = models.ising_perceptron().zero_entropy(alpha)
    assert equations.unknowns == (q, qhat, alpha)
    assert equations.parameters == (kappa,)
    assert equations.names[-1] == "entropy"
    rows = [row.subs({kappa: 0, alpha: load}) for row in equations.residuals]

    def residual(*at):
        point = {u: Float(v, 20) for u, v in zip((q, qhat), at, strict=True)}
        return [mpmath.mpf(str(row.subs(point).evalf(18))) for row in rows]

    with mpmath.mp.workdps(16):
        found = mpmath.findroot(lambda *at: residual(*at)[:2], (0.56, 1.4), tol=1e-20)
        assert abs(residual(*found)[2]) < 1e-11


def test_with_a_temperature_the_entropy_is_that_of_thermodynamics():
    J, h = symbols("J h", positive=True)
    x = symbols("m", real=True)
    phi = dv.FreeEntropy(log(2 * cosh(beta * (J * x + h))) - beta * J * x**2 / 2, x, beta=beta)
    assert phi.zero_entropy("beta").residuals[-1] == phi.entropy
    assert phi.zero_entropy("h").unknowns == (x, h)


def test_it_may_be_asked_of_a_ground_state():
    cold = models.hopfield().limit(beta, oo)
    equations = cold.zero_entropy("alpha")
    assert equations.residuals[-1] == cold.entropy
    with pytest.raises(dv.ParameterError):
        cold.zero_entropy("kappa")
