"""The replicon eigenvalue, against published values and against its definition."""

import mpmath
import pytest
from sympy import Dummy, Rational, Symbol, erfc, sqrt, tanh

import derive as dv
from tests.derive import replica_models as models
from tests.replica.table import value

Q = Symbol("q", real=True)


def evaluated(expr, **at):
    names = {s: Rational(at[s.name]) for s in expr.free_symbols}
    return mpmath.mpf(str(expr.subs(names).evalf(25)))


def symbol(d, name):
    return next(s for s in d.density.free_symbols if s.name == name)


@pytest.fixture(scope="module")
def gardner():
    return models.gardner().eliminate("qhat", "what").replicon().eigenvalue


@pytest.mark.parametrize(("alpha", "kappa"), [("0.5", "0"), ("1.5", "0"), ("0.3", "1")])
def test_volume_of_solutions_is_as_stable_as_published(gardner, alpha, kappa):
    row = value(f"rs_q_alpha{alpha}_k{kappa}")
    with mpmath.workdps(30):
        found = evaluated(gardner, q=mpmath.nstr(row["q"], 28), alpha=alpha, kappa=kappa)
        assert abs(1 - found - row["AT"]) < mpmath.mpf("1e-22")


def test_a_glass_has_the_line_of_de_almeida_and_thouless():
    d = models.sherrington_kirkpatrick().eliminate("qhat")
    beta, J, h = (symbol(d, name) for name in ("beta", "J0", "h"))
    z = Symbol("z", real=True)
    width = beta**2 * J**2 * Q
    fourth = dv.GaussianAverage((1 - tanh(beta * h + z) ** 2) ** 2, z, covariance=width)
    assert d.replicon().eigenvalue == 1 - beta**2 * J**2 * fourth


def test_a_spherical_glass_is_marginal_in_its_whole_glass_phase():
    d = models.spherical_glass().eliminate("qhat", "shat")
    beta, J = symbol(d, "beta"), symbol(d, "J0")
    eigenvalue = d.replicon().eigenvalue
    assert eigenvalue.subs(Q, 1 - 1 / (beta * J)).expand() == 0
    assert eigenvalue.subs(Q, 0) == 1 - beta**2 * J**2


AT = {"beta": "0.7", "J0": "0.9", "h": "0.4", "q": "0.3", "qhat": "0.45", "alpha": "0.6"}


FIRST = (models.sherrington_kirkpatrick, "0.4")
LATER = [
    (models.sherrington_kirkpatrick, "0.7"),
    *(
        (model, m)
        for model in (models.three_spin_glass, models.bipartite_glass)
        for m in ("0.4", "0.7")
    ),
]


@pytest.mark.parametrize(
    ("model", "block"), [FIRST, *(pytest.param(*case, marks=pytest.mark.slow) for case in LATER)]
)
def test_second_variation_with_blocks_of_any_size_is_the_matrix(model, block):
    """By its definition: replicas in blocks, at q + (m - 1) eps between and q + m eps within."""
    found = model().replicon()
    broken = model(dv.OneStepRSB("x_block"))
    x, eps = Symbol("x_block", real=True), {u: Dummy(str(u)) for u in found.modes}
    at = AT | {"r": "0.25", "rhat": "0.35", "x_block": block}
    along = {}
    for u, e in eps.items():
        along[Symbol(f"{u}0", real=True)] = u + (x - 1) * e
        along[Symbol(f"{u}1", real=True)] = u + x * e
    density, centre = broken.density.subs(along), dict.fromkeys(eps.values(), 0)
    for a, u in enumerate(found.modes):
        for b, v in enumerate(found.modes):
            second = density.diff(eps[u]).diff(eps[v]).subs(centre) / (x * (x - 1))
            expected = evaluated(found.matrix[a, b], **at)
            assert evaluated(second, **at) == pytest.approx(expected, rel=1e-20, abs=1e-20)


def test_a_replicon_needs_the_symmetric_ansatz():
    with pytest.raises(dv.MoveError, match="ReplicaSymmetric"):
        models.sherrington_kirkpatrick(dv.OneStepRSB("x_block")).replicon()


def test_a_capacity_says_where_replica_symmetry_is_stable():
    d = models.gardner().eliminate("qhat", "what").limit("q", 1)
    alpha, kappa = (next(s for s in d.parameters if s.name == name) for name in ("alpha", "kappa"))
    eigenvalue = d.replicon().eigenvalue
    assert eigenvalue == 1 - alpha * (1 - erfc(sqrt(2) * kappa / 2) / 2)
    assert str(eigenvalue) in d.notes[0]
    at_capacity = eigenvalue.subs(alpha, d.solve_for(alpha))
    assert at_capacity.subs(kappa, 0) == 0
    assert at_capacity.subs(kappa, Rational(1, 2)).evalf() > 0 > at_capacity.subs(kappa, -1).evalf()
